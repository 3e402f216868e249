internal import OAuth
internal import Secrets
internal import TokenWire

/// What looking at a reference token has shown so far. Only a token that is held, and whose configuration names a way, has any.
struct ProbeState: Sendable {
    /// What is looked at, and how. When any of it changes, what was found before proves nothing any more.
    struct Subject: Sendable, Equatable {
        var id: Fingerprint
        var header: HeaderForm
        var probe: ReferenceSettings.Probe
        var application: Application
    }
    var subject: Subject
    /// The look that is under way.
    var errand: UInt64?
    /// The token is not taken.
    var refusal: ProbeTrouble?
    /// The look itself brings nothing.
    var hindrance: ProbeTrouble?
    /// When the token ends, as the server says: seconds since the epoch.
    var end: Int64?

    init(of subject: Subject) { self.subject = subject }
}

/// Something that a look has shown and an operator should know.
package struct ProbeTrouble: Hashable, Sendable {
    /// Under its name in the journal, by which its end is found.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// the token is of no use any more, as far as whoever was asked can tell
        case refused = "reference-refused"
        /// the look cannot be made before somebody changes something about it
        case misconfigured = "probe"
        /// nobody answered, or not to the point: it may pass
        case unanswered = "probe-unanswered"
    }
    package var kind: Kind
    /// Who answered what.
    package var text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}

extension ProbeTrouble {
    /// Of a look that brought nothing.
    init(_ failure: ExchangeFailure) {
        switch failure.law {
        case .silent, .no, .configuration: self.init(.misconfigured, failure.text)
        case .unsent, .answered, .unknown: self.init(.unanswered, failure.text)
        }
    }
}
