extension String {
    /// What may be shown of a text that somebody else wrote: printable ASCII, `?` for anything else, cut to `most` bytes.
    func shown(atMost most: Int = 200) -> String {
        let bytes = utf8.prefix(most).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same code points in the same order. `==` would take texts for equal that only look alike (DISC-05).
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
