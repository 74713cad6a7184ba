/// What can be wrong with a row of a ledger.
///
/// A row is judged first as a whole and then from left to right, as ``LedgerColumn`` has the
/// columns; the cases stand in that order.
public enum LedgerFlaw: String, CaseIterable, Sendable {
    /// The row has fewer cells than the header.
    case columnsMissing = "columns_missing"
    /// The row has cells with text beyond the last column.
    case columnsSurplus = "columns_surplus"
    /// A cell holds bytes that are no text in the file's encoding.
    case textGarbled = "text_garbled"
    /// The name is missing.
    case nameMissing = "name_missing"
    /// The sex is missing.
    case sexMissing = "sex_missing"
    /// The sex is neither of the two.
    case sexInvalid = "sex_invalid"
    /// The kind of document is missing.
    case documentKindMissing = "document_type_missing"
    /// The document's number is missing.
    case documentNumberMissing = "document_number_missing"
    /// A spreadsheet turned the document's number into a rounded number.
    case documentNumberRounded = "document_number_rounded"
    /// The identity number does not have eighteen characters.
    case idLength = "id_length"
    /// The identity number is one of the old ones of fifteen digits.
    case idObsolete15Digits = "id_obsolete_15_digits"
    /// The identity number's birth date is no day.
    case idBirthDate = "id_birth_date"
    /// The identity number's check character does not fit.
    case idChecksum = "id_checksum"
    /// The document's number does not have the shape of its kind.
    case documentInvalid = "document_invalid"
    /// The sex is not the one that the identity number tells.
    case sexContradictsID = "sex_contradicts_id"
    /// The birth date is not the one that the document's number tells.
    case birthDateContradictsID = "birth_date_contradicts_id"
    /// The area is missing.
    case areaMissing = "area_missing"
    /// The area is no township of this city, nor lies in one.
    case areaUnknown = "area_unknown"
    /// The address is missing.
    case addressMissing = "address_missing"
    /// The kind of dwelling is missing.
    case dwellingKindMissing = "dwelling_kind_missing"
    /// A cell for telephone numbers holds something else.
    case phoneInvalid = "phone_invalid"
    /// A cell for a date holds something else.
    case dateInvalid = "date_invalid"
    /// The day of reporting is missing.
    case reportedOnMissing = "reported_on_missing"
    /// The day of reporting lies before the day of arrival.
    case reportedBeforeArrival = "reported_before_arrival"

    init(_ flaw: IdentityNumber.Flaw) {
        self =
            switch flaw {
            case .length: .idLength
            case .obsolete15Digits: .idObsolete15Digits
            case .birthDate: .idBirthDate
            case .checksum: .idChecksum
            }
    }
}
