import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct RevocationsTests {
    private static let token = TokenName("portal.user")!
    private var revocations = Revocations()

    private static func revocation(_ number: UInt64) -> Revocation {
        Revocation(
            name: token, server: "https://id.test", clientID: "portal", secret: Secret("refresh-\(number)"), id: Fingerprint(bits: number), until: 1_000)
    }

    private static func key(_ number: UInt64) -> RevocationKey { revocation(number).key }

    private static var signOut: SignOut {
        let record = StoredRecord(
            name: token, kind: .ended, binding: RecordBinding(server: "https://id.test", clientID: "portal", grant: "authorization_code"), generation: 1,
            grant: 1, secret: Secret(""), signedIn: 0, rotated: 0)
        return SignOut(ended: record, tombstone: record, caller: Scene.script)
    }

    @Test mutating func `it is announced once, sent when its sign-in has ended, and forgotten when it is revoked`() {
        let isNew = [revocations.announce(Self.revocation(1), since: 0), revocations.announce(Self.revocation(1), since: 5)]
        #expect(isNew == [true, false] && revocations.announced == [Self.key(1)] && revocations.check(isStopping: false).isEmpty)
        revocations.begin(Self.key(1))
        #expect(revocations.check(isStopping: false).count == 1, "nothing tries it")
        revocations.send(Self.key(1), 9)
        #expect(revocations.sent.map(\.errand) == [9] && revocations.check(isStopping: false).isEmpty)
        let before = revocations.answered(Self.key(1))
        #expect(before?.errand == 9 && revocations.sent.isEmpty)
        let isRemoved = [revocations.remove(Self.key(1)), revocations.remove(Self.key(1))]
        #expect(isRemoved == [true, false] && revocations.keys(of: Self.token).isEmpty && revocations.check(isStopping: false).isEmpty)
    }

    @Test mutating func `one that failed is tried again, not before the server wants that, however much somebody hurries`() {
        _ = revocations.announce(Self.revocation(1), since: 0)
        revocations.begin(Self.key(1))
        revocations.putOff(Self.key(1), to: 100, notBefore: 50, "the server answered 503")
        #expect(revocations.nextDeadline == 100 && revocations[Self.key(1)]?.failures == 1)
        revocations.hasten { 20 }
        #expect(revocations.nextDeadline == 50)
        let trouble = revocations.hasten(Self.token, to: 60)
        #expect(trouble == "the server answered 503" && revocations.nextDeadline == 60)
        let due = revocations.due(at: 60, atMost: 9)
        #expect(due == [Self.key(1)])
    }

    @Test mutating func `where there are too many, the one that was tried most often is given up, unless somebody waits for it`() {
        for number in 1...UInt64(Revocations.mostOfOne) {
            _ = revocations.announce(Self.revocation(number), since: 0)
            if number > 1 { revocations.resume(Self.key(number), at: 10) }
        }
        revocations.putOff(Self.key(3), to: 20, notBefore: 0, "")
        revocations.putOff(Self.key(4), to: 20, notBefore: 0, "")
        revocations.wait(7, Self.signOut, for: Self.key(4))
        #expect(revocations.surplus(of: Self.token) == Self.key(3))
        _ = revocations.remove(Self.key(3))
        #expect(revocations.surplus(of: Self.token) == nil)
    }

    @Test mutating func `whoever signs out is told at the end of the daemon, once`() {
        _ = revocations.announce(Self.revocation(1), since: 0)
        revocations.begin(Self.key(1))
        revocations.wait(7, Self.signOut, for: Self.key(1))
        revocations.schedule(Self.key(1), at: 5)
        let told = revocations.stop()
        let again = revocations.stop()
        #expect(told.map(\.waiter) == [7] && again.isEmpty && revocations.nextDeadline == nil && revocations.check(isStopping: true).isEmpty)
    }
}
