internal import OAuth

/// What a refresh that brought nothing means for the refresh token that was sent (decided cases, 1).
enum RefreshFailure: Equatable {
    /// It was not spent. The same one is sent again; the back-off of the credential says when.
    case kept
    /// Nobody knows whether it was spent: it is sent again, late, for as long as that stays so.
    case uncertain
    /// The server does not take it, or says nothing readable. Tried again after so many nanoseconds, for the server may be wrong for a moment.
    /// `isPersonAsked`: the server's word is only ever about the person, who is asked to sign in meanwhile.
    case quarantined(Int64, isPersonAsked: Bool)
    /// It still says nothing readable: that is told as it is, and tried once an hour. `isPersonAsked`: it says so with 400, the status of
    /// `invalid_grant`, and leaves the word out, as glewlwyd does.
    case silenced(isPersonAsked: Bool)
    /// Only a person can help. `isAnswerLost`: an earlier send had spent it, and the answer was lost.
    case ended(isAnswerLost: Bool)

    /// - Parameters:
    ///   - isReplay: the outcome of the send before is not known.
    ///   - refusals: answers of this kind in a row before this one: with a readable refusal, or without.
    ///   - quarantine: the pauses after the first ones.
    init(_ failure: ExchangeFailure, isReplay: Bool, refusals: Int, quarantine: [Int64]) {
        let pause = refusals < quarantine.count ? quarantine[refusals] : nil
        switch failure.law {
        case .unsent, .answered, .configuration: self = .kept
        case .unknown: self = .uncertain
        case .silent: self = pause.map { .quarantined($0, isPersonAsked: false) } ?? .silenced(isPersonAsked: failure.status == 400)
        case .no where isReplay: self = .ended(isAnswerLost: true)
        // the one word that servers also have for a fault of their own that passes (RT-10)
        case .no: self = pause.map { .quarantined($0, isPersonAsked: failure.oauthError != "invalid_grant") } ?? .ended(isAnswerLost: false)
        }
    }
}
