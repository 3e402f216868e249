/// Why bytes are not a record or an intent, or a record cannot become bytes.
package enum RecordDamage: Error, Hashable, Sendable, CustomStringConvertible {
    /// Of a later version of this program.
    case format(UInt8)
    /// It ends in the middle of what it should hold.
    case truncated
    /// Something follows what it should hold.
    case excess
    case tooLong
    case kind(UInt8)
    case flags(UInt8)
    case name
    case text
    /// Of a kind that has a secret, but without one; or a tombstone with one.
    case secret
    case attempt
    /// A time or a count that no clock and no counter can have reached.
    case number

    package var description: String {
        switch self {
        case .format(let version): "written in format \(version), which this version of tokend does not know"
        case .truncated: "it is cut off"
        case .excess: "it is longer than what it holds"
        case .tooLong: "it is longer than any record may be"
        case .kind(let number): "it is of kind \(number), which does not exist"
        case .flags(let bits): "its flags \(bits) do not exist together"
        case .name: "it does not name a token"
        case .text: "it holds a text that is not UTF-8"
        case .secret: "it has no secret, or one where none belongs"
        case .attempt: "it counts an attempt that is never made"
        case .number: "it holds a time or a count that cannot be"
        }
    }
}
