/// A kind of identity document 证件类型 that a person may be registered with.
public enum DocumentKind: Int, CaseIterable, Sendable {
    /// The resident identity card 居民身份证.
    case residentID = 1
    /// A passport 护照 of any country.
    case passport = 2
    /// The mainland travel permit for residents of Hong Kong and Macau 港澳居民来往内地通行证.
    case hongKongMacauPermit = 3
    /// The mainland travel permit for residents of Taiwan 台湾居民来往大陆通行证.
    case taiwanPermit = 4
    /// The permanent residence card of foreigners 外国人永久居留身份证.
    case foreignPermanentResident = 5
    /// Any other document 其他证件, named in text.
    case other = 99
}
