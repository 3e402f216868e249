import OAuth
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct TokenFailuresTests {
    private static let token = TokenName("portal.sync")!
    private var failures = TokenFailures()

    private static func key(_ uid: UInt32, _ scopes: [String] = []) -> CacheKey {
        CacheKey(token: token, consumer: .uid(uid), scopes: scopes, audience: nil)
    }

    @Test mutating func `what is forgiven leaves nothing`() {
        failures.cool(Self.token, began: 0, at: 1, retryAfter: nil, random: 0)
        failures.refuse(Self.token, Trouble(refusal: .stopping))
        failures.noteUseless(Scene.page, of: Self.token)
        #expect(failures[Self.token]?.backoff.failures == 1 && failures[Self.token]?.failure?.text == Scene.page.text)
        failures.forgive(Self.token)
        #expect(failures[Self.token] == nil && failures.count == 0)
    }

    @Test mutating func `silence is counted from the first silent answer, and any other ends it`() {
        failures.note(Scene.page, of: Self.token, at: 5)
        failures.note(Scene.page, of: Self.token, at: 9)
        #expect(failures[Self.token]?.silentSince == 5 && failures[Self.token]?.lastTrouble == 9)
        failures.note(Scene.busyServer, of: Self.token, at: 11)
        #expect(failures[Self.token]?.silentSince == nil)
    }

    @Test mutating func `short lives are news once, until a token lives longer`() {
        let isNews = [true, true, false, true].map { failures.note(isShortLived: $0, of: Self.token) }
        #expect(isNews == [true, false, false, true])
        _ = failures.note(isShortLived: false, of: Self.token)
        #expect(failures[Self.token] == nil)
    }

    @Test mutating func `failures that were told are counted by consumer, and taken once`() {
        for key in [Self.key(1), Self.key(1), Self.key(1, ["read"]), Self.key(2)] { failures.noteTold(key) }
        let told = failures.takeTold(of: Self.token) { $0.consumer == .uid(1) }
        let again = failures.takeTold(of: Self.token) { $0.consumer == .uid(1) }
        #expect(told == [.uid(1): 3] && again.isEmpty)
        #expect(failures[Self.token]?.told.count == 1)
        for uid in 10..<1_000 as Range<UInt32> { failures.noteTold(Self.key(uid)) }
        #expect(failures[Self.token]?.told.count == 256)
    }

    @Test mutating func `other settings begin anew, but what was told is still to be told to be over`() {
        failures.refuse(Self.token, Trouble(refusal: .stopping))
        failures.noteTold(Self.key(1))
        failures.beginAnew(Self.token)
        #expect(failures.generation(of: Self.token) == 1 && failures[Self.token]?.refusal == nil && failures[Self.token]?.told == [Self.key(1): 1])
        failures.keepOnly { _ in false }
        #expect(failures.count == 0)
    }

    @Test mutating func `the next try is due where the failure is such a one`() {
        let other = TokenName("portal.other")!
        for (token, failure) in [(Self.token, Scene.unreachable), (other, Scene.garbled)] {
            failures.note(failure, of: token, at: 1)
            failures.cool(token, began: 0, at: 1, retryAfter: 60, random: 0)
        }
        failures.retryNow { $0.law == .unsent }
        #expect(failures[Self.token]?.backoff.until == 0 && failures[other]?.backoff.until == 1 + .seconds(60))
    }
}
