/// Judges the rows of a ledger, one at a time and each by itself.
struct LedgerRules: Sendable {
    let header: LedgerHeader
    let divisions: Divisions

    /// The row's values, or the first of its defects from left to right.
    func judge(_ record: CSVRecord) -> LedgerRow {
        do throws(LedgerRefusal) {
            return .accepted(try entry(LedgerCells(record: record, header: header)))
        } catch {
            return .refused(LedgerDefect(error.flaw, in: error.column, of: record))
        }
    }

    private func entry(_ cells: LedgerCells) throws(LedgerRefusal) -> LedgerEntry {
        try checkCells(of: cells.record)
        let name = Spelling.personName(try cells.requiredLine(.name, else: .nameMissing))
        let sex = try sex(cells)
        let document = try document(cells)
        let facts = DocumentFacts(number: document.number, kind: document.kind)
        guard !facts.contradict(sex: sex) else { throw LedgerRefusal(.sexContradictsID, .sex) }
        let birthDate = try cells.date(.birthDate)
        guard !facts.contradict(birthDate: birthDate) else {
            throw LedgerRefusal(.birthDateContradictsID, .birthDate)
        }
        let origin = origin(cells)
        let areaCode = try areaCode(cells)
        let address = try cells.requiredLine(.address, else: .addressMissing)
        let dwelling = try cells.requiredLine(.dwellingKind, else: .dwellingKindMissing)
        let landlordPhones = try cells.phones(.landlordPhone)
        let phones = try cells.phones(.phones)
        let dates = try dates(cells)
        return LedgerEntry(
            row: cells.record.row,
            name: name,
            sex: sex,
            ethnicity: CodeTables.ethnicity.value(cells[.ethnicity]),
            documentKind: document.kind,
            documentKindText: document.text,
            documentNumber: document.number,
            birthDate: facts.birthDate ?? birthDate,
            education: CodeTables.education.value(cells[.education]),
            maritalStatus: CodeTables.maritalStatus.value(cells[.maritalStatus]),
            politicalStatus: CodeTables.politicalStatus.value(cells[.politicalStatus]),
            originCounty: origin.county,
            originAddress: origin.address,
            areaCode: areaCode,
            village: cells.optionalLine(.village),
            address: address,
            dwellingKind: CodeTables.dwellingKind.value(dwelling) ?? CodedValue(code: 99),
            landlordName: Spelling.personName(cells.optionalLine(.landlordName)),
            landlordPhone: landlordPhones.first ?? "",
            phones: phones,
            reason: CodeTables.reason.value(cells[.reason]),
            employer: cells.optionalLine(.employer),
            arrivedOn: dates.arrived,
            reportedOn: dates.reported,
            remark: remark(cells, landlordPhones)
        )
    }

    /// Refuses a row whose cells do not stand under their headings.
    ///
    /// One that is shorter than the header was cut off somewhere; one that is longer has had a
    /// cell torn in two.
    private func checkCells(of record: CSVRecord) throws(LedgerRefusal) {
        let width = header.headings.count
        guard record.cells.count >= width else { throw LedgerRefusal(.columnsMissing) }
        let surplus = record.cells.dropFirst(width)
        guard surplus.allSatisfy({ Spelling.trimmed($0).isEmpty }) else {
            throw LedgerRefusal(.columnsSurplus)
        }
        guard !record.garbled.isEmpty else { return }
        for column in LedgerColumn.allCases where column != .serial {
            guard let place = header.place(of: column), record.garbled.contains(place) else {
                continue
            }
            throw LedgerRefusal(.textGarbled, column)
        }
    }

    private func sex(_ cells: LedgerCells) throws(LedgerRefusal) -> Sex {
        let text = try cells.requiredLine(.sex, else: .sexMissing)
        guard let code = CodeTables.sex.code(for: text), let sex = Sex(rawValue: code) else {
            throw LedgerRefusal(.sexInvalid, .sex)
        }
        return sex
    }

    private typealias Document = (kind: DocumentKind, text: String, number: String)

    private func document(_ cells: LedgerCells) throws(LedgerRefusal) -> Document {
        let text = try cells.requiredLine(.documentKind, else: .documentKindMissing)
        let value = CodeTables.documentKind.value(text)
        let kind = value.flatMap { DocumentKind(rawValue: $0.code) } ?? .other
        let number = try cells.requiredLine(.documentNumber, else: .documentNumberMissing)
        guard !Self.isRounded(number) else {
            throw LedgerRefusal(.documentNumberRounded, .documentNumber)
        }
        do throws(DocumentNumber.Flaw) {
            let normalized = try DocumentNumber.normalized(number, kind: kind)
            return (kind, value?.text ?? "", normalized)
        } catch {
            switch error {
            case .residentID(let flaw): throw LedgerRefusal(LedgerFlaw(flaw), .documentNumber)
            case .invalid: throw LedgerRefusal(.documentInvalid, .documentNumber)
            }
        }
    }

    /// Whether a number looks like `3.40111E+17`.
    private static func isRounded(_ number: String) -> Bool {
        guard number.utf8.contains(UInt8(ascii: "+")) else { return false }
        let parts = Spelling.compact(number).split(separator: "E+")
        return parts.count == 2 && parts[0].allSatisfy { $0.isNumber || $0 == "." }
            && Spelling.isDigits(parts[1])
    }

    /// The county's code, whether or not it still exists; a county that is entered by name goes
    /// before the address, so that nothing of it is lost.
    private func origin(_ cells: LedgerCells) -> (county: String, address: String) {
        let code = Spelling.compact(cells[.originCounty])
        let address = cells.optionalLine(.originAddress)
        if code.utf8.count >= 6, Spelling.isDigits(code) {
            return (String(code.prefix(6)), address)
        }
        let county = cells.optionalLine(.originCounty)
        return ("", address.hasPrefix(county) ? address : county + address)
    }

    /// The remark, with a landlord's further telephone numbers: a record has room for one.
    private func remark(_ cells: LedgerCells, _ landlordPhones: [String]) -> String {
        let remark = Spelling.trimmed(cells[.remark])
        let others = landlordPhones.dropFirst()
        guard !others.isEmpty else { return remark }
        let note = LedgerColumn.landlordPhone.heading + "：" + others.joined(separator: "、")
        return remark.isEmpty ? note : remark + "\n" + note
    }

    private func areaCode(_ cells: LedgerCells) throws(LedgerRefusal) -> String {
        let text = try cells.requiredLine(.area, else: .areaMissing)
        guard let code = divisions.residence(text) else {
            throw LedgerRefusal(.areaUnknown, .area)
        }
        return code
    }

    private func dates(
        _ cells: LedgerCells
    ) throws(LedgerRefusal) -> (arrived: CalendarDate?, reported: CalendarDate) {
        let arrived = try cells.date(.arrivedOn)
        guard let reported = try cells.date(.reportedOn) else {
            throw LedgerRefusal(.reportedOnMissing, .reportedOn)
        }
        if let arrived, reported < arrived {
            throw LedgerRefusal(.reportedBeforeArrival, .reportedOn)
        }
        return (arrived, reported)
    }
}
