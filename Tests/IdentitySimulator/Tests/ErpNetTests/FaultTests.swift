import ErpNet
import Testing

struct FaultTests {
    @Test func `faults are met in their order, each as often as it says`() throws {
        var instance = try Instance()
        try instance.control("fault token status code=503 times=2")
        try instance.control("fault token status code=500")
        #expect((0..<4).map { _ in instance.token(Instance.machine).status } == [503, 503, 500, 200])
        #expect(try instance.control("faults")["faults"] == [])
    }

    @Test func `a fault for ever ends when it is cleared`() throws {
        var instance = try Instance()
        try instance.control("fault token status code=503 times=forever")
        for _ in 0..<10 { #expect(instance.token(Instance.machine).status == 503) }
        #expect(instance.identity.faults.clear { $0.target.description == "token" } == [1])
        #expect(instance.token(Instance.machine).status == 200)
    }

    @Test(arguments: [
        ("any", "/sys/auto-discovery", true), ("sys-auto-discovery", "/sys/auto-discovery", true),
        ("tools-auto-discovery", "/sys/auto-discovery", false), ("auto-discovery", "/tools/auto-discovery", true),
        ("metadata", "/id/.well-known/openid-configuration", true), ("metadata", "/id/.well-known/openid-configuration/jwks", false),
        ("/id/*", "/id/.well-known/openid-configuration/jwks", true), ("/profile/me", "/profile/me", true),
        ("/profile", "/profile/me", false),
    ])
    func `a fault meets the paths of its target`(target: String, path: String, meets: Bool) throws {
        var instance = try Instance()
        try instance.control("fault \(target) status code=418")
        #expect((instance.ask("GET", path).status == 418) == meets)
    }

    @Test func `a fault can be for one client alone`() throws {
        var instance = try Instance()
        try instance.control("fault token status code=503 client=demo.app/reader times=forever")
        #expect(instance.token(Instance.machine).status == 200)
        #expect(instance.token("grant_type=client_credentials&client_id=demo.app%2Freader&client_secret=x").status == 503)
        #expect(instance.identity.counters["faults-met:demo.app/reader"] == 1)
    }

    @Test(arguments: [
        ("retry-after=20", "20"), ("retry-after=date+60", "Mon, 21 Sep 2026 14:14:20 GMT"), ("retry-after=date-20", "Mon, 21 Sep 2026 14:13:00 GMT"),
        ("retry-after=absurd", "99999999999999999999"), ("retry-after=soon", "soon"), ("retry-after=absent", nil), ("", nil),
    ])
    func `SIM-28 Retry-After comes in every form`(option: String, value: String?) throws {
        var instance = try Instance()
        try instance.control("fault token status code=429 \(option)")
        let reply = instance.token(Instance.machine)
        #expect(reply.status == 429)
        #expect(reply.headers.first { $0.name == "Retry-After" }?.value == value)
    }

    @Test func `SIM-28 a failure is a page, or a JSON error when it has one`() throws {
        var instance = try Instance()
        try instance.control("fault token status code=502")
        let page = instance.token(Instance.machine)
        #expect(page.headers.contains(.init("Content-Type", "text/html; charset=UTF-8")))
        try instance.control(#"fault token status code=400 error=temporarily_unavailable description="come back""#)
        #expect(try document(instance.token(Instance.machine)) == ["error": "temporarily_unavailable", "error_description": "come back"])
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `SIM-28 a redirect leads to another host`(code: Int) throws {
        var instance = try Instance()
        try instance.control("fault token redirect code=\(code)")
        try instance.control("fault token redirect code=\(code) to=https://evil.example/?a=b")
        let (own, given) = (instance.token(Instance.machine), instance.token(Instance.machine))
        #expect(own.status == code)
        #expect(own.headers.first { $0.name == "Location" }?.value.hasPrefix("https://127.0.0.1:") == true)
        #expect(given.headers.contains(.init("Location", "https://evil.example/?a=b")))
    }

    @Test func `what was not processed is not granted`() throws {
        var instance = try Instance()
        try instance.control("fault token status code=503")
        try instance.control("fault token quirk access-token=missing")
        _ = instance.token(Instance.machine)
        #expect(instance.identity.counters["token-grants"] == 0)
        _ = instance.token(Instance.machine)
        #expect(instance.identity.counters["token-grants:demo.app/sync"] == 1)
    }

    @Test(arguments: [
        ("hang", Fault.Delivery.whole, nil), ("slow delay=1 hold=2", .whole, nil), ("reset", .none(.reset), Fault.Ending.reset),
        ("reset when=after", .none(.reset), nil), ("close when=before", .none(.close), .close), ("half-body", .half(.close), nil),
        ("half-body then=hang", .half(.hang), nil), ("slow-body every=0.5", .drip(every: 0.5), nil), ("endless-body", .endless, nil),
    ])
    func `SIM-12 a fault says how the answer goes out`(line: String, delivery: Fault.Delivery, before: Fault.Ending?) throws {
        var queue = FaultQueue()
        _ = try queue.add(ControlLine("fault any \(line)"))
        let fault = try #require(queue.faults.first)
        #expect(fault.delivery == delivery)
        #expect(fault.dropBefore == before)
    }

    @Test(arguments: [
        "fault", "fault token", "fault nowhere hang", "fault token dance", "fault token status", "fault token status code=99",
        "fault token hang times=0", "fault token hang colour=red", "fault token quirk", "fault token quirk body=soup", "fault token quirk colour=red",
        "fault token redirect code=200", "fault token reset when=never", "fault token half-body then=dance", "fault token slow delay=-1",
        "fault token slow delay=nan",
    ])
    func `a fault that makes no sense is refused`(line: String) throws {
        var instance = try Instance()
        #expect(throws: ControlError.self) { try instance.control(line) }
        #expect(instance.identity.faults.faults.isEmpty)
    }
}

struct QuirkTests {
    @Test(arguments: [
        ("expires-in=missing", "\"expires_in\"", false), ("expires-in=string", "\"expires_in\":\"3600\"", true), ("expires-in=0", "\"expires_in\":0", true),
        ("expires-in=-1", "\"expires_in\":-1", true), ("expires-in=huge", "\"expires_in\":99999999999999999999", true),
        ("expires-in=fraction", "\"expires_in\":3599.5", true), ("expires-in=null", "\"expires_in\":null", true),
        ("expires-in=86400", "\"expires_in\":86400", true), ("token-type=missing", "\"token_type\"", false),
        ("token-type=bearer", "\"token_type\":\"bearer\"", true), ("token-type=BEARER", "\"token_type\":\"BEARER\"", true),
        ("token-type=mac", "\"token_type\":\"mac\"", true), ("scope=missing", "\"scope\"", false), ("scope=empty", "\"scope\":\"\"", true),
        ("scope=array", "\"scope\":[\"read\",\"update\"]", true), ("scope=\"read sec\"", "\"scope\":\"read sec\"", true),
        ("access-token=missing", "\"access_token\"", false), ("access-token=empty", "\"access_token\":\"\"", true),
        ("access-token=line-feed", "\"access_token\":\"token\\nOK forged\"", true), ("access-token=number", "\"access_token\":7", true),
        ("body=error", "{\"error\":\"invalid_grant\"}", true), ("body=html", "<!DOCTYPE html>", true), ("body=trailing", "\"}{}", true),
        ("body=duplicate", "\"scope\":\"another scope\"", true), ("body=array", "[{\"access_token\"", true),
    ])
    func `SIM-16 a quirk bends the answer and leaves its status`(quirk: String, text: String, present: Bool) throws {
        var instance = try Instance()
        try instance.control("fault token quirk \(quirk)")
        let reply = instance.token(Instance.machine)
        #expect(reply.status == 200)
        #expect(String(decoding: reply.bytes, as: UTF8.self).contains(text) == present)
    }

    @Test func `SIM-16 bodies that are no text are the right bytes`() throws {
        var instance = try Instance()
        for quirk in ["bom", "2mib", "empty", "truncated", "latin1", "deep"] { try instance.control("fault token quirk body=\(quirk)") }
        let bodies = (0..<6).map { _ in instance.token(Instance.machine).bytes }
        #expect(bodies[0].starts(with: [0xEF, 0xBB, 0xBF, UInt8(ascii: "{")]))
        #expect(bodies[1].count == 2 << 20)
        #expect(bodies[2].isEmpty)
        #expect(bodies[3].last != UInt8(ascii: "}"))
        #expect(String(validating: bodies[4], as: UTF8.self) == nil)
        #expect(bodies[5].prefix(10_000).allSatisfy { $0 == UInt8(ascii: "[") })
    }

    @Test func `SIM-16 the content type can be wrong or missing, and quirks combine`() throws {
        var instance = try Instance()
        try instance.control("fault token quirk content-type=text/plain expires-in=7")
        try instance.control("fault token quirk content-type=missing")
        let wrong = instance.token(Instance.machine)
        #expect(wrong.headers.contains(.init("Content-Type", "text/plain")))
        #expect(try document(wrong)["expires_in"] == 7)
        #expect(!instance.token(Instance.machine).headers.contains { $0.name == "Content-Type" })
    }

    @Test func `a quirk meets other documents too`() throws {
        var instance = try Instance()
        try instance.control("fault metadata quirk body=bom")
        #expect(instance.ask("GET", "/id/.well-known/openid-configuration").bytes.starts(with: [0xEF, 0xBB, 0xBF]))
    }
}
