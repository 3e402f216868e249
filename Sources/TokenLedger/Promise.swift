/// How long a token must still live when it is handed over.
package enum Promise: Hashable, Sendable {
    /// the smaller of 60 s and a quarter of its life, or the token's `min_valid`: a wish, which gives way to a token that is valid
    case usual
    /// so many seconds; kept, or the caller is refused
    case seconds(Int)
    /// half of its life, kept in the same way: whoever gets it cannot come back for another. A reference token, for which nobody can
    /// get another either, only has to be valid
    case halfLife

    package init(minValid: Int?) { self = minValid.map { .seconds($0) } ?? .usual }

    var seconds: Int? {
        switch self {
        case .seconds(let number): number
        case .usual, .halfLife: nil
        }
    }

    /// Nanoseconds below which this token is not handed over, whatever happens.
    func least(_ held: HeldToken) -> Int64 {
        switch self {
        case .usual: 0
        case .seconds(let number): .seconds(number)
        case .halfLife: held.isReference ? 1 : held.lifetime / 2
        }
    }
}
