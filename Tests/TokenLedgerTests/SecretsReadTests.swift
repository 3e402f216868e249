import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What RENEW takes over of another reading of the files.
@Suite struct SecretsReadTests {
    private let present: Configuration = {
        var configuration = GrantScene.configuration()
        configuration.applications["portal"]?.client.authentication = .post(Secret("old"))
        configuration.tokens[GrantScene.pat]?.grant = .reference(ReferenceSettings(value: Secret("pat-1")))
        return configuration
    }()

    private func read(_ token: TokenName, _ change: (inout Configuration) -> Void) -> (Configuration.SecretsRead, Configuration) {
        var other = present
        change(&other)
        var next = present
        return (next.takeSecrets(of: token, from: other), next)
    }

    @Test func `a new secret of the client is taken over, and nothing else that has changed`() {
        let (result, next) = read(GrantScene.user) {
            $0.applications["portal"]?.client.authentication = .post(Secret("new"))
            $0.applications["portal"]?.server.timeout = 7
            $0.tokens[GrantScene.user]?.scopes = []
            $0.tokens[GrantScene.pat]?.grant = .reference(ReferenceSettings(value: Secret("pat-2")))
        }
        var expected = present
        expected.applications["portal"]?.client.authentication = .post(Secret("new"))
        #expect(result == .replaced && next == expected)
    }

    @Test func `so is a new password for the same user of the same proxy`() {
        let old = ProxySettings(url: "http://proxy.test:3128", login: ProxySettings.Login(user: "tokend", password: Secret("old")))
        let new = ProxySettings(url: "http://proxy.test:3128", login: ProxySettings.Login(user: "tokend", password: Secret("new")))
        let otherUser = ProxySettings(url: "http://proxy.test:3128", login: ProxySettings.Login(user: "other", password: Secret("new")))
        let otherProxy = ProxySettings(url: "http://other.test:3128", login: new.login)
        for (read, isTaken) in [(new, true), (old, false), (otherUser, false), (otherProxy, false), (nil, false)] as [(ProxySettings?, Bool)] {
            var (next, other) = (present, present)
            next.applications["portal"]?.server.proxy = old
            other.applications["portal"]?.server.proxy = read
            #expect(next.takeSecrets(of: GrantScene.user, from: other) == (isTaken ? .replaced : .same))
            #expect(next.applications["portal"]?.server.proxy == (isTaken ? new : old))
        }
    }

    @Test func `so is the value of the reference token that is asked for`() {
        let (result, next) = read(GrantScene.pat) { $0.tokens[GrantScene.pat]?.grant = .reference(ReferenceSettings(value: Secret("pat-2"), expires: .never)) }
        var expected = present
        expected.tokens[GrantScene.pat]?.grant = .reference(ReferenceSettings(value: Secret("pat-2")))
        #expect(result == .replaced && next == expected)
    }

    @Test func `what is as before, or of another client, is left alone`() {
        for change in [
            { _ in }, { $0.applications["portal"]?.client = ClientIdentity(id: "other", authentication: .post(Secret("new"))) },
            { $0.applications["portal"]?.client.authentication = .basic(Secret("new")) },
        ] as [(inout Configuration) -> Void] {
            let (result, next) = read(GrantScene.user, change)
            #expect(result == .same && next == present)
        }
    }

    @Test func `what cannot be read is missing`() {
        #expect(read(GrantScene.user) { $0.applications = [:] }.0 == .missing)
        #expect(read(GrantScene.pat) { $0.tokens = [:] }.0 == .missing)
        #expect(read(GrantScene.user) { $0.tokens = [:] }.0 == .same)
    }
}
