/// Lists of scopes compared with each other, in time that grows with their lengths and not with the product of them.
extension [String] {
    /// Up to so many comparisons a set is not worth making.
    private static let few = 64

    /// The first that the other list does not have.
    func firstElement(notIn other: [String]) -> String? {
        guard count * other.count > Self.few else { return first { !other.contains($0) } }
        let others = Set(other)
        return first { !others.contains($0) }
    }

    /// Those that the other list does not have, in this list's order.
    func elements(notIn other: [String]) -> [String] {
        guard count * other.count > Self.few else { return filter { !other.contains($0) } }
        let others = Set(other)
        return filter { !others.contains($0) }
    }

    /// Those that the other list has too, in this list's order.
    func elements(in other: [String]) -> [String] {
        guard count * other.count > Self.few else { return filter(other.contains) }
        let others = Set(other)
        return filter(others.contains)
    }
}
