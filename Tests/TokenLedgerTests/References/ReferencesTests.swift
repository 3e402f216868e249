import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct ReferencesTests {
    private static let token = TokenName("portal.pat")!
    private var references = References()

    private static func subject(_ id: UInt64 = 1, _ way: ReferenceSettings.Probe.Way = .introspection) -> ProbeState.Subject {
        ProbeState.Subject(id: Fingerprint(bits: id), header: .authorization, probe: .init(way: way), application: Scene.application("portal"))
    }

    private mutating func begin(_ subject: ProbeState.Subject = subject()) -> Bool {
        let isNews = references.begin(Self.token, subject)
        references.setLook(Self.token, at: 10)
        return isNews
    }

    @Test mutating func `a token is looked at again whenever nothing is under way`() {
        let isNews = [begin(), begin(), begin(Self.subject(2))]
        #expect(isNews == [true, false, true] && references.nextDeadline == 10 && references.check(isStopping: false).isEmpty)
        let due = references.due(at: 10, atMost: 9)
        #expect(due == [Self.token] && references.check(isStopping: false).count == 1)
        references.look(Self.token, 7)
        #expect(references.check(isStopping: false).isEmpty && references.nextDeadline == nil)
        let looked = [references.looked(Self.token, 6), references.looked(Self.token, 7), references.looked(Self.token, 7)]
        #expect(looked == [false, true, false])
    }

    @Test mutating func `the same token in another way keeps what is known of it, another token does not`() {
        _ = begin()
        _ = references.setRefusal(ProbeTrouble(.refused, "the API answered 401"), Self.token)
        references.look(Self.token, 7)
        _ = begin(Self.subject(1, .api("https://api.test/me")))
        #expect(references[Self.token]?.refusal != nil && references[Self.token]?.errand == nil)
        _ = begin(Self.subject(2))
        #expect(references[Self.token]?.refusal == nil)
    }

    @Test mutating func `trouble is told when it begins and when it ends`() {
        _ = begin()
        let first = references.setRefusal(ProbeTrouble(.refused, "the API answered 401"), Self.token)
        let second = references.setRefusal(ProbeTrouble(.refused, "the API answered 403"), Self.token)
        #expect(first?.before == nil && first?.now?.kind == .refused && second == nil)
        #expect(references[Self.token]?.refusal?.text == "the API answered 403")
        let third = references.setRefusal(nil, Self.token)
        #expect(third?.before?.kind == .refused && third?.now == nil)
    }

    @Test mutating func `that nobody answers is no news while somebody has to change something`() {
        _ = begin()
        _ = references.setHindrance(ProbeTrouble(.misconfigured, "the API answered 404"), Self.token)
        let away = references.setHindrance(ProbeTrouble(.unanswered, "the connection was refused"), Self.token)
        #expect(away == nil && references[Self.token]?.hindrance?.kind == .misconfigured)
    }

    @Test mutating func `nothing is left of a token that is looked at no longer`() {
        _ = begin()
        let isNews = [references.setEnd(5, Self.token), references.setEnd(5, Self.token)]
        #expect(isNews == [true, false])
        let ended = references.end(Self.token)
        #expect(ended?.end == 5 && references.count == 0 && references.nextDeadline == nil)
        references.setLook(Self.token, at: 10)
        #expect(references.nextDeadline == nil && references.check(isStopping: false).isEmpty)
    }
}
