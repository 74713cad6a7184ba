import SyncProtocol
import Testing

/// What records.proto has to say of every type and field; a failure names them.
struct SchemaTests {
    private let types = Schema.current.types
    private var fields: [(RecordType, RecordField)] {
        types.flatMap { type in type.fields.map { (type, $0) } }
    }

    @Test func `the types are numbered as in RecordBody`() {
        let names = ["Person", "Dwelling", "Registration", "Employment", "Schooling", "Visit"]

        #expect(types.map(\.name) == names)
        #expect(types.map(\.number) == [1, 2, 3, 4, 5, 6])
        #expect(types.compactMap { Schema.current.type($0.number)?.name } == names)
        #expect(Schema.current.type(0)?.name == nil)
        #expect(Schema.current.type(7)?.name == nil)
        #expect(Schema.current.type(.max)?.name == nil)
    }

    @Test func `a type is found by its number and by either of its names`() {
        for type in types {
            #expect(Schema.current.type(named: type.name)?.number == type.number)
            #expect(Schema.current.type(named: type.name.lowercased())?.number == type.number)
            #expect(Schema.current.type(named: type.zh)?.number == type.number)
        }
        #expect(Schema.current.type(named: "Nobody")?.name == nil)
    }

    @Test func `every type and field has a Chinese and an English name of its own`() {
        for type in types {
            #expect(!type.zh.isEmpty && !type.en.isEmpty, "\(type.name)")
            #expect(Set(type.fields.map(\.zh)).count == type.fields.count, "\(type.name)")
            #expect(Set(type.fields.map(\.en)).count == type.fields.count, "\(type.name)")
        }
        for (type, field) in fields {
            #expect(!field.zh.isEmpty && !field.en.isEmpty, "\(type.name).\(field.name)")
        }
    }

    @Test func `a field is found by its number and by each of its names`() {
        for (type, field) in fields {
            #expect(type.field(field.number)?.name == field.name)
            for name in [field.name, field.jsonName, field.zh, field.en] {
                #expect(type.field(named: name)?.number == field.number, "\(type.name) \(name)")
            }
        }
        #expect(Person.recordType.field(0)?.name == nil)
        #expect(Person.recordType.field(.max)?.name == nil)
    }

    @Test("[M-01] the fields of a group share one unit, one policy and one owner")
    func groups() {
        for (type, field) in fields {
            #expect(field.unit.contains(field.number), "\(type.name).\(field.name)")
            #expect(field.unit == field.unit.sorted(), "\(type.name).\(field.name)")
            for other in field.unit.compactMap({ type.field($0) }) {
                #expect(other.unit == field.unit, "\(type.name).\(field.name)")
                #expect(other.policy == field.policy, "\(type.name).\(field.name)")
                #expect(other.owner == field.owner, "\(type.name).\(field.name)")
            }
        }
    }

    @Test("[M-05] only a single number is decided by which is earlier or later")
    func orderedPolicies() {
        for (type, field) in fields where [.earliest, .latest].contains(field.policy) {
            #expect(field.kind == .number, "\(type.name).\(field.name)")
            #expect(!field.isSet, "\(type.name).\(field.name)")
            #expect(field.unit == [field.number], "\(type.name).\(field.name)")
        }
    }

    @Test("[M-06] what is repeated is a set, alone in its unit, and nothing else is")
    func sets() {
        for (type, field) in fields {
            #expect(field.isSet == (field.policy == .set), "\(type.name).\(field.name)")
            #expect(!field.isSet || field.unit == [field.number], "\(type.name).\(field.name)")
        }
    }

    @Test func `references name a type, and nothing else does`() {
        for (type, field) in fields {
            let isReference = field.format == .reference
            #expect(isReference == (field.refersTo != nil), "\(type.name).\(field.name)")
            #expect(!isReference || field.kind == .bytes, "\(type.name).\(field.name)")
            if let name = field.refersTo {
                #expect(types.contains { $0.name == name }, "\(type.name).\(field.name)")
            }
        }
    }

    @Test(
        "[P-01] only areas and references say where records stand, and a date when they no longer do"
    )
    func placing() {
        for (type, field) in fields {
            let fits =
                switch field.placing {
                case .standsIn, .standsInUntilCarried: field.format == .area
                case .carries, .follows: field.format == .reference
                case .ends: field.format == .date
                default: true
                }
            #expect(fits, "\(type.name).\(field.name)")
            #expect(
                type.placing.map(\.number).contains(field.number) == (field.placing != .nothing)
            )
        }
    }

    @Test func `every value of an enumeration has a number, a name and both labels`() {
        for (type, field) in fields {
            #expect(
                (field.kind == .enumeration) == !field.values.isEmpty,
                "\(type.name).\(field.name)"
            )
            #expect(Set(field.values.map(\.number)).count == field.values.count, "\(field.name)")
            #expect(Set(field.values.map(\.label)).count == field.values.count, "\(field.name)")
            for value in field.values {
                #expect(value.number > 0, "\(value.name)")
                #expect(!value.label.zh.isEmpty && !value.label.en.isEmpty, "\(value.name)")
            }
        }
    }
}
