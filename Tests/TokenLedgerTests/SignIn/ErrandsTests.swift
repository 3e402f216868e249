import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct ErrandsTests {
    private static let token = TokenName("portal.user")!
    private static let server = ServerSettings(location: .issuer("https://id.test"))
    private var errands = Errands()

    private static var signOut: SignOut {
        let record = StoredRecord(
            name: token, kind: .ended, binding: RecordBinding(server: "https://id.test", clientID: "portal", grant: "authorization_code"), generation: 1,
            grant: 1, secret: Secret(""), signedIn: 0, rotated: 0)
        return SignOut(ended: record, tombstone: record, caller: Scene.script)
    }

    @Test mutating func `an errand ends once, and each kind is counted`() {
        errands.begin(1, .login(Self.server))
        errands.begin(2, .probe(Self.token))
        errands.begin(3, .revocation(RevocationKey(name: Self.token, id: Fingerprint(bits: 1))))
        #expect((errands.count, errands.probeCount, errands.revocationCount, errands.searches(of: Self.server)) == (3, 1, 1, 1))
        let (ended, again) = (errands.end(2), errands.end(2))
        #expect(ended != nil && again == nil && errands.probeCount == 0 && errands[2] == nil)
    }

    @Test mutating func `whoever signs out is told at the end of the daemon, in order, and nobody else is`() {
        for waiter in [9, 4] as [UInt64] { errands.begin(waiter, .signOut(waiter: waiter, Self.signOut)) }
        errands.begin(5, .probe(Self.token))
        let told = errands.takeSignOuts()
        #expect(told.map(\.waiter) == [4, 9] && errands.count == 1)
    }
}
