internal import Codecs
internal import Secrets

/// The decoded parameters of a query or a form body, in memory that is wiped. Only the requested names are kept.
struct FormParameters {
    /// Why the parameters are not trustworthy. `description` continues a sentence: "the answer …".
    enum Problem: Hashable, CustomStringConvertible {
        case tooLong
        case tooMany
        case escape
        case twice

        var description: String {
            switch self {
            case .tooLong: "is too long"
            case .tooMany: "has too many parameters"
            case .escape: "has an invalid percent-encoding"
            case .twice: "has a repeated parameter"
            }
        }
    }

    static let longest = 64 * 1024
    static let most = 64

    private var values: [String: Secret] = [:]
    /// The first problem. Parameters that could be read are available nevertheless.
    private(set) var problem: Problem?

    init(_ form: Secret, keeping wanted: Set<String>) {
        if form.count <= Self.longest {
            form.withBytes { read($0, wanted) }
        } else {
            problem = .tooLong
        }
    }

    /// `nil` if the parameter is missing, empty (which is the same: RFC 6749 section 3.1) or repeated.
    subscript(name: String) -> Secret? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// Stops at the first parameter over the limit. Repeated parameters count, so the cost is linear in the length.
    private mutating func read(_ bytes: UnsafeRawBufferPointer, _ wanted: Set<String>) {
        var seen: Set<[UInt8]> = []
        var repeated: Set<[UInt8]> = []
        var (start, count) = (0, 0)
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
            defer { start = end + 1 }
            guard end > start else { continue }
            count += 1
            guard count <= Self.most else { return note(.tooMany) }
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.count
            let written = UnsafeRawBufferPointer(rebasing: part[..<sign])
            guard let name = Self.decoded(written)?.withBytes({ Array($0) }),
                let value = Self.decoded(UnsafeRawBufferPointer(rebasing: part[min(sign + 1, part.count)...]))
            else {
                note(.escape)
                continue
            }
            if !seen.insert(name).inserted {
                note(.twice)
                repeated.insert(name)
            }
            let text = String(decoding: name, as: UTF8.self)
            if wanted.contains(text) { values[text] = repeated.contains(name) ? nil : value }
        }
    }

    private mutating func note(_ problem: Problem) { self.problem = self.problem ?? problem }

    /// Decodes `+` to a space and `%XX` to a byte (HTML form encoding, RFC 6749 appendix B). `nil` for another `%`.
    private static func decoded(_ part: UnsafeRawBufferPointer) -> Secret? {
        let (value, isWhole) = Secret.formDecoded(part)
        return isWhole ? value : nil
    }
}
