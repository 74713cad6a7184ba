extension Divisions {
    /// The table that the program carries: Zhoushan's townships and the country's counties.
    public static let embedded = Divisions(
        city: String(decoding: PackageResources.zhoushan_divisions_csv, as: UTF8.self),
        counties: String(decoding: PackageResources.china_counties_csv, as: UTF8.self)
    )
}
