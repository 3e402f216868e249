internal import Codecs
internal import Secrets

/// The parameters of a query or a form body (`application/x-www-form-urlencoded`), still where they came. A `%` that begins no escape stands for
/// itself: the daemon judges what a server sends.
struct FormFields {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The decoded values of every parameter of this name.
    func values(of name: StaticString) -> [Secret] {
        bytes.split(separator: UInt8(ascii: "&")).compactMap { part in
            let item = UnsafeRawBufferPointer(rebasing: part)
            let end = item.firstIndex(of: UInt8(ascii: "=")) ?? item.count
            guard Secret.formDecoded(.init(rebasing: item[..<end])).value == Secret(name.description) else { return nil }
            return Secret.formDecoded(.init(rebasing: item[min(end + 1, item.count)...])).value
        }
    }

    /// The decoded value of a parameter that stands exactly once.
    func only(_ name: StaticString) -> Secret? {
        let values = values(of: name)
        return values.count == 1 ? values[0] : nil
    }
}
