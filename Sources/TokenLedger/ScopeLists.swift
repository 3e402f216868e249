/// Lists of scopes compared with each other, in time that grows with their lengths and not with the product of them.
extension [String] {
    /// Beside a list of up to so many a set is not worth making.
    private static let few = 8

    /// Whether an element is in this list, asked for each of so many.
    private func membership(askedFor number: Int) -> (String) -> Bool {
        guard Swift.min(count, number) > Self.few else { return contains }
        return Set(self).contains
    }

    /// The first that the other list does not have.
    func firstElement(notIn other: [String]) -> String? {
        let isIn = other.membership(askedFor: count)
        return first { !isIn($0) }
    }

    /// Those that the other list does not have, in this list's order, and no more than that many.
    func elements(notIn other: [String], atMost most: Int = .max) -> [String] {
        let isIn = other.membership(askedFor: count)
        return Array(lazy.filter { !isIn($0) }.prefix(most))
    }

    /// Those that the other list has too, in this list's order.
    func elements(in other: [String]) -> [String] { filter(other.membership(askedFor: count)) }
}
