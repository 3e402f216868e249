import ErpNet
import Testing

struct ControlLineTests {
    @Test(
        arguments: [
            ("ping", "ping", [], []),
            ("  knob   issuer slash ", "knob", ["issuer", "slash"], []),
            ("fault token status code=503 retry-after=\"a b\"", "fault", ["token", "status"], ["code=503", "retry-after=a b"]),
            (#"x "a \"b\" \\ c" y="""#, "x", [#"a "b" \ c"#], ["y="]),
            ("knob id-url https://a.example/?x=1", "knob", ["id-url", "https://a.example/?x=1"], []),
        ] as [(String, String, [String], [String])])
    func `a line is cut into words and options`(text: String, verb: String, words: [String], options: [String]) throws {
        let line = try ControlLine(text)
        #expect(line.verb == verb)
        #expect(line.words == words)
        #expect(line.options.map { "\($0.name)=\($0.value)" } == options)
    }

    @Test(arguments: ["", "   ", "x \"open"])
    func `a line without a verb or with an open quote is refused`(text: String) {
        #expect(throws: ControlError.self) { try ControlLine(text) }
    }
}

struct KnobTests {
    @Test(arguments: Knob.all.map(\.name))
    func `a knob shows what it is turned to and refuses anything else`(name: String) throws {
        var knobs = Knobs()
        let knob = try #require(Knob.all.first { $0.name == name })
        let before = knob.read(knobs)
        try knobs.turn(name, to: before)
        #expect(knobs == Knobs())
        #expect(throws: ControlError.self) { try knobs.turn(name, to: "") }
        #expect(knobs == Knobs())
    }

    @Test(arguments: [
        "issuer slash", "access-ttl 4", "id-url absent", "licences 0", "licence-status 503", "keep-alive off", "scope-grant subset",
        "sys-auto-discovery off", "optional-metadata on",
    ])
    func `a knob that was turned is turned back by reset`(turn: String) throws {
        var instance = try Instance()
        let fresh = instance.identity.knobs
        try instance.control("knob \(turn)")
        #expect(instance.identity.knobs != fresh)
        let words = turn.split(separator: " ")
        #expect(try instance.control("knob \(words[0])")["value"] == .string(String(words[1])))
        try instance.control("knob reset")
        #expect(instance.identity.knobs == fresh)
    }

    @Test func `an unknown knob is refused by name`() throws {
        var instance = try Instance()
        #expect(throws: ControlError("no knob \"x\"; \"knob\" shows them all")) { try instance.control("knob x 1") }
    }
}

struct ResetTests {
    @Test func `reset makes a new instance with the same first key`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        for line in [
            "knob access-ttl 4", "metadata remove jwks_uri", "fault any hang times=forever", "clock advance 100",
            "reference mint app=demo.app/sync", "app add new.app/x Scope=read", "app demo.app/sync IsEnabled=false", "keys rotate",
        ] { try instance.control(line) }
        instance.identity.reset()
        #expect(instance.identity.counters == Counters())
        #expect(instance.identity.audit.entries.isEmpty)
        #expect(try instance.control("clock")["offset"] == 0)
        #expect(instance.identity.application("new.app/x") == nil)
        #expect(instance.token(Instance.machine).status == 200)
        #expect(instance.api(("Authorization", "Bearer \(token)")).status == 200)
        #expect(try instance.control("reference")["references"] == [])
    }
}

struct ApplicationControlTests {
    @Test func `an application can be registered, shown and removed`() throws {
        var instance = try Instance()
        try instance.control(#"app add my.app/x secret="a b" SystemUserAllowed=true SystemUser=svc.sync Scope="read update""#)
        #expect(instance.token("grant_type=client_credentials&client_id=my.app%2Fx&client_secret=a%20b").status == 200)
        let shown = try instance.control("app my.app/x")
        #expect(shown["app"]?["Scope"] == "read update")
        #expect(shown["app"]?["HasSecret"] == true)
        #expect(!shown.description.contains("a b"))
        try instance.control("app remove my.app/x")
        #expect(throws: ControlError.self) { try instance.control("app my.app/x") }
    }

    @Test(arguments: ["app demo.app/sync Colour=red", "app demo.app/sync IsEnabled=maybe", "app demo.app/sync ClientType=public", "app add demo.app/sync"])
    func `a change that makes no sense is refused`(line: String) throws {
        var instance = try Instance()
        let before = instance.identity.application("demo.app/sync")
        #expect(throws: ControlError.self) { try instance.control(line) }
        #expect(instance.identity.application("demo.app/sync") == before)
    }
}
