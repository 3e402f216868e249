import ErpNet
import Keys
import Testing

struct AuditTests {
    @Test func `SIM-26 a token request leaves names and fingerprints`() throws {
        var instance = try Instance()
        let token = try #require(instance.token(Instance.machine + "&scope=read").accessToken)
        let entry = try #require(instance.identity.audit.entries.last)
        #expect(entry.method == "POST")
        #expect(entry.path == "/id/connect/token")
        #expect(entry.authentication == "body")
        #expect(entry.client == "demo.app/sync")
        #expect(entry.fields == ["grant_type", "client_id", "client_secret", "scope"])
        #expect(entry.fingerprints == ["client_secret": fingerprint("sync-secret-0123456789abcdef")])
        #expect(entry.outcome?.status == 200)
        #expect(entry.outcome?.token == fingerprint(token))
    }

    @Test func `SIM-26 no secret is in the log, whichever way it came`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        let secret = "sync-secret-0123456789abcdef"
        _ = instance.token("grant_type=client_credentials", [("Authorization", "Basic \(base64(Array("demo.app%2Fsync:\(secret)".utf8)))")])
        _ = instance.token("grant_type=refresh_token&refresh_token=\(secret)&client_id=\(secret)")
        _ = instance.ask("GET", "/tools/sha256?secret=\(secret)")
        _ = instance.api(("Authorization", "Bearer \(token)"))
        _ = instance.api(("X-Api-Key", secret))
        let log = instance.identity.audit.entries.map(\.json.description).joined(separator: "\n")
        #expect(!log.contains(secret))
        #expect(!log.contains(token))
        #expect(!log.contains(base64(Array("demo.app%2Fsync:\(secret)".utf8))))
        #expect(log.contains(fingerprint(token)))
        #expect(instance.identity.audit.entries.map(\.authentication) == ["body", "basic", "none", "none", "bearer", "x-api-key"])
        #expect(instance.identity.audit.entries[3].queryFields == ["secret"])
    }

    @Test func `SIM-26 two ways at once are seen`() throws {
        var instance = try Instance()
        _ = instance.token(Instance.machine, [("Authorization", "Basic eDp5")])
        _ = instance.api(("Authorization", "Bearer x"), ("Api-Key", "y"))
        #expect(instance.identity.audit.entries.map(\.authentication) == ["both", "several"])
    }

    @Test func `the log is asked by number, route and client`() throws {
        var instance = try Instance()
        _ = instance.ask("GET", "/sys/auto-discovery")
        _ = instance.token(Instance.machine)
        _ = instance.token("grant_type=client_credentials&client_id=demo.app%2Freader&client_secret=x")
        #expect(try count(instance.control("audit")) == 3)
        #expect(try count(instance.control("audit since=1")) == 2)
        #expect(try count(instance.control("audit route=token")) == 2)
        #expect(try count(instance.control("audit client=demo.app/reader")) == 1)
        #expect(try count(instance.control("audit reset")) == 0)
        _ = instance.ask("GET", "/sys/auto-discovery")
        #expect(instance.identity.audit.entries.first?.sequence == 4)
    }

    @Test func `requests are counted by route and by client`() throws {
        var instance = try Instance()
        _ = instance.token(Instance.machine)
        _ = instance.token(Instance.machine + "&scope=sec")
        #expect(instance.identity.counters["requests"] == 2)
        #expect(instance.identity.counters["token-requests"] == 2)
        #expect(instance.identity.counters["token-requests:demo.app/sync"] == 2)
        #expect(instance.identity.counters["token-grants"] == 1)
        #expect(instance.identity.counters["token-refusals:demo.app/sync"] == 1)
        #expect(instance.identity.counters["token-finished"] == 2)
    }

    private func count(_ answer: JSON) -> Int {
        guard case .array(let entries)? = answer["entries"] else { return -1 }
        return entries.count
    }
}
