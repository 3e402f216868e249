import Systemd
import TestSupport
import Testing
import TokenAudit
import TokenLedger
import TokenWire

@testable import TokenDaemon

@Suite struct SessionTests {
    @Test func `lines are answered in their order, however many come at once`() throws {
        let house = try SessionHouse()
        let pair = try SocketPair()
        _ = try house.session(of: SessionHouse.alice, pair)
        #expect(send(String(repeating: "PING\nHELLO\n", count: 200), to: pair.b))
        var heard = ""
        try house.turn {
            heard += receive(from: pair.b) ?? ""
            return heard.split(separator: "\n").count == 400
        }
        #expect(heard.split(separator: "\n").enumerated().allSatisfy { $0.offset % 2 == 0 ? $0.element == "OK" : $0.element.hasPrefix("OK tokend ") })
    }

    @Test func `one caller's dear lines on many connections leave another's PING to the turn in which it comes`() throws {
        let house = try SessionHouse(tokens: 2_000)
        let pairs = try (0..<40).map { _ in try SocketPair() }
        for pair in pairs {
            _ = try house.session(of: SessionHouse.alice, pair)
            #expect(send(String(repeating: "LIST\n", count: 64), to: pair.b))
        }
        // everybody is served from now on in slices
        try house.turn(3)
        let other = try SocketPair()
        _ = try house.session(of: SessionHouse.bob, other)
        #expect(send("PING\n", to: other.b))
        let before = house.loop.turns
        var heard: String?
        try house.turn {
            heard = receive(from: other.b)
            return heard != nil
        }
        #expect(heard == "OK\n")
        #expect(house.loop.turns - before <= 4)
        // alice's own are far from done
        let rows = pairs.compactMap { receive(from: $0.b) }.joined().split(separator: "\n").count { $0.hasPrefix("OK ") }
        #expect(rows < 40 * 64)
    }

    @Test func `a watch tells its first row when the replies before it have left`() throws {
        let house = try SessionHouse()
        let pair = try SocketPair()
        _ = try house.session(of: SessionHouse.alice, pair)
        #expect(send("IMPORT app.t0 the-token-that-was-brought\nWATCH app.t0\n", to: pair.b))
        var heard = ""
        try house.turn {
            heard += receive(from: pair.b) ?? ""
            return heard.contains("+ the-token-that-was-brought ")
        }
        #expect(heard.hasPrefix("OK id="))
    }

    @Test func `SEC-08 a token that waited behind another reply is not handed out after a sign-out`() throws {
        let house = try SessionHouse()
        let pair = try SocketPair()
        _ = try house.session(of: SessionHouse.alice, pair)
        var heard = ""
        func replies(_ count: Int) throws {
            try house.turn {
                heard += receive(from: pair.b) ?? ""
                return heard.split(separator: "\n").count == count
            }
        }
        #expect(send("IMPORT app.t0 the-token-that-was-brought\n", to: pair.b))
        try replies(1)
        // the second reply is there at once, and waits for what the disk says of the first
        #expect(send("LOGOUT app.t0\nGET app.t0\n", to: pair.b))
        try replies(3)
        #expect(heard.split(separator: "\n").last?.hasPrefix("ERR ") == true && !heard.contains("OK the-token"))
    }

    @Test func `a connection that has to go while a line is half-way ends without another line`() throws {
        let house = try SessionHouse(tokens: 500)
        let pair = try SocketPair()
        let session = try #require(try house.session(of: SessionHouse.alice, pair))
        #expect(send(String(repeating: "LIST\n", count: 60), to: pair.b))
        // until the buffers of the socket are full
        try house.turn(3_000)
        session.giveWay()
        var heard = ""
        while let more = receive(from: pair.b), !more.isEmpty { heard += more }
        #expect(heard.count > 10_000 && !heard.contains("ERR busy"))
    }

    @Test func `each connection of a stranger may fill its buffers`() throws {
        let house = try SessionHouse()
        let stranger = Caller(uid: 7, gid: 7)
        let pairs = try (0..<8).map { _ in try SocketPair() }
        var heard = [Int](repeating: 0, count: pairs.count)
        for pair in pairs { _ = try house.session(of: stranger, pair) }
        for pair in pairs { #expect(send(String(repeating: "LIST\n", count: 13_000), to: pair.b)) }
        try house.turn {
            for (place, pair) in pairs.enumerated() { heard[place] += receive(from: pair.b)?.split(separator: "\n").count { $0 == "OK 0" } ?? 0 }
            return heard.allSatisfy { $0 == 13_000 }
        }
    }

    @Test func `very many replies behind one that comes late are told in their order`() throws {
        let house = try SessionHouse { $0.pipelined = 65_536 }
        let pair = try SocketPair()
        _ = try house.session(of: SessionHouse.alice, pair)
        #expect(send("IMPORT app.t0 the-token-that-was-brought\n" + String(repeating: "PING\n", count: 10_000), to: pair.b))
        var heard = ""
        try house.turn {
            heard += receive(from: pair.b) ?? ""
            return heard.utf8.count { $0 == 0x0A } == 10_001
        }
        #expect(heard.hasPrefix("OK id=") && heard.split(separator: "\n").dropFirst().allSatisfy { $0 == "OK" })
    }

    @Test func `a reload moves a connection to the share that its rules give it now`() throws {
        let house = try SessionHouse { $0.strangersPerUID = 1 }
        let pairs = try (0..<2).map { _ in try SocketPair() }
        let sessions = try pairs.map { try #require(try house.session(of: SessionHouse.bob, $0)) }
        #expect(sessions.allSatisfy { $0.share.entry == .user(1001) })
        var configuration = house.keeper.ledger.configuration
        for name in configuration.tokens.keys { configuration.tokens[name]?.allow.removeAll { $0.who.user?.name == "bob" } }
        for session in sessions { session.forgetCaller() }
        house.keeper.adopt(configuration)
        #expect(send("PING\n", to: pairs[0].b))
        try house.turn(5)
        #expect(receive(from: pairs[0].b) == "OK\n" && sessions[0].share.entry == .strangers)
        // there is one place for a stranger, and it is taken
        #expect(send("PING\n", to: pairs[1].b))
        try house.turn(5)
        #expect(receive(from: pairs[1].b)?.hasPrefix("ERR busy") == true)
        sessions[0].close()
        #expect(house.desk.admits(Share(.strangers, .uid(1001))))
    }

    /// What these lines are answered with on a connection of their own.
    private func replies(_ house: SessionHouse, _ caller: Caller, _ lines: String, until holds: (String) -> Bool) throws -> [Substring] {
        let pair = try SocketPair()
        _ = try house.session(of: caller, pair)
        #expect(send(lines, to: pair.b))
        var heard = ""
        try house.turn {
            heard += receive(from: pair.b) ?? ""
            return holds(heard)
        }
        return heard.split(separator: "\n")
    }

    @Test func `METRICS tells nothing of what a reload has removed, and its sums never fall`() throws {
        let house = try SessionHouse(tokens: 2)
        let root = Caller(uid: 0, gid: 0)
        func metrics() throws -> [Substring] { try replies(house, root, "METRICS\n") { $0.contains("# EOF") && $0.hasSuffix("OK\n") } }
        var configuration = house.keeper.ledger.configuration
        let fetched = TokenName("old.sync")!
        configuration.applications["old"] = configuration.applications["app"]
        configuration.applications["old"]?.name = "old"
        configuration.tokens[fetched] = TokenSettings(
            name: fetched, grant: .clientCredentials, allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), place: "old.toml:1")])
        house.keeper.adopt(configuration)
        // nobody listens at the server of "old"
        for lines in [["IMPORT app.t0 token-0", "IMPORT app.t1 token-1"], ["GET app.t0", "GET app.t0", "GET app.t1", "GET old.sync"]] {
            _ = try replies(house, SessionHouse.alice, lines.joined(separator: "\n") + "\n") { $0.split(separator: "\n").count == lines.count }
        }
        let before = try metrics()
        for sample in [#"tokend_handed_out_total{token="app.t0"} 2"#, #"tokend_exchanges_total{application="old","#, #"{event="handed-out"} 3"#] {
            #expect(before.contains { $0.contains(sample) }, "\(sample)")
        }
        for name in ["app.t0", "old.sync"] { configuration.tokens[TokenName(name)!] = nil }
        configuration.applications["old"] = nil
        house.keeper.adopt(configuration)
        let after = try metrics()
        for gone in ["app.t0", "old.sync", #"application="old""#] { #expect(!after.contains { $0.contains(gone) }, "\(gone)") }
        for sample in [#"tokend_handed_out_total{token="app.t1"} 1"#, #"{event="handed-out"} 3"#] {
            #expect(after.contains { $0.contains(sample) }, "\(sample)")
        }
    }

    @Test(arguments: [
        ("0", false), ("1700000000", false), ("-1", false), ("+5000000000", false), ("253402300799", true), ("253402300800", false),
        ("9223372036854775807", false), ("9223372036854775808", false), ("99999999999999999999", false), ("soon", false), ("never", true), ("5000000000", true),
    ])
    func `IMPORT takes an end that lies ahead and within what a time may be`(_ expires: String, _ isTaken: Bool) throws {
        let house = try SessionHouse()
        let reply = try replies(house, SessionHouse.alice, "IMPORT app.t0 token-0 expires=\(expires)\n") { $0.hasSuffix("\n") }
        #expect(reply.first?.hasPrefix(isTaken ? "OK id=" : "ERR bad-request ") == true, "\(reply)")
    }

    @Test(arguments: [
        (PeerUnit.unit("a.service"), CallerUnit.unit("a.service")), (.unit("user@1000.service"), .none), (.unit("systemd-nspawn@m.service"), .none),
        (.none, .none), (.untold, .untold), (.exhausted, .untold), (.missed, .missed), (.failed, .failed),
    ])
    func `SEC-06 a unit that could not be found out is no unit and no absence of one`(_ found: PeerUnit, _ unit: CallerUnit) {
        #expect(Caller(Peer(uid: 1, gid: 1, pid: 1, unit: found)).unit == unit)
    }

    @Test func `a connection that has closed tells nothing of whoever has its number now`() throws {
        let house = try SessionHouse()
        let pair = try SocketPair()
        let session = try #require(try house.session(of: SessionHouse.bob, pair))
        session.close()
        session.forgetCaller()
        #expect(session.processForTheRecord == "" && session.caller == SessionHouse.bob)
    }

    @Test func `a LIST is the same however many pages and slices it takes`() throws {
        let house = try SessionHouse(tokens: 3_000)
        let pair = try SocketPair()
        _ = try house.session(of: SessionHouse.bob, pair)
        #expect(send("LIST\nPING\n", to: pair.b))
        var heard = ""
        try house.turn {
            heard += receive(from: pair.b) ?? ""
            return heard.hasSuffix("\nOK\n")
        }
        let lines = heard.split(separator: "\n")
        #expect(lines.count == 3_002)
        #expect(lines.dropLast(2).map { String($0.split(separator: " ")[1]) } == (0..<3_000).map { "app.t\($0)" }.sorted())
        #expect(lines[3_000] == "OK 3000")
    }

    @Test func `of a client that has hung up, what it only asked for is dropped and what it brought is taken`() throws {
        let house = try SessionHouse()
        let pair = try SocketPair()
        var ended = 0
        let share = house.keeper.policy.share(of: SessionHouse.alice)
        #expect(house.desk.admits(share))
        let session = Session(fd: pair.takeA(), caller: SessionHouse.alice, share: share, keeper: house.keeper, desk: house.desk) { _ in ended += 1 }
        try session.open()
        house.desk.began(session)
        // more than a slice takes in one go, and the only line that matters comes last
        #expect(send(String(repeating: "GET app.t0\n", count: 300) + "IMPORT app.t0 the-token-that-was-brought\nPI", to: pair.b))
        pair.closeB()
        try house.turn { ended == 1 }
        let asker = try SocketPair()
        _ = try house.session(of: SessionHouse.bob, asker)
        var heard = ""
        try house.turn {
            if !heard.hasPrefix("OK") { heard = "" }
            _ = send("GET app.t0\n", to: asker.b)
            heard += receive(from: asker.b) ?? ""
            return heard.hasPrefix("OK the-token-that-was-brought ")
        }
        #expect(house.keeper.audit.decisions[DecisionCounters.Series(AuditEntry(.refused, .expired))] < 300)
    }

    @Test func `when all connections are taken the caller who holds most loses one, and reads why`() throws {
        let house = try SessionHouse { ($0.connections, $0.connectionsPerUID) = (16, 16) }
        // 1 of 16 is kept for administrators
        let pairs = try (0..<15).map { _ in try SocketPair() }
        for pair in pairs { #expect(try house.session(of: SessionHouse.alice, pair) != nil) }
        #expect(try house.session(of: SessionHouse.alice, SocketPair()) == nil)
        let other = try SocketPair()
        #expect(try house.session(of: SessionHouse.bob, other) != nil)
        let told = pairs.compactMap { receive(from: $0.b) }
        #expect(told.count == 1 && told.allSatisfy { $0.hasPrefix("ERR busy retry-after=1 : ") })
        #expect(send("PING\n", to: other.b))
        try house.turn { receive(from: other.b) == "OK\n" }
        let root = try SocketPair()
        #expect(try house.session(of: Caller(uid: 0, gid: 0), root) != nil)
    }

    @Test func `when all buffers are full the caller who keeps most loses a connection, not the next who keeps a byte`() throws {
        let house = try SessionHouse { ($0.buffers, $0.waitingOutput) = (300_000, 60_000) }
        let pairs = try (0..<12).map { _ in try SocketPair() }
        for pair in pairs {
            _ = try house.session(of: SessionHouse.alice, pair)
            // what the kernel does not take stays in the session's buffer
            for _ in 0..<40 { _ = send(String(repeating: "HELP\n", count: 100), to: pair.b) }
        }
        try house.turn(200)
        let other = try SocketPair()
        _ = try house.session(of: SessionHouse.bob, other)
        #expect(send("PI", to: other.b))
        try house.turn(5)
        #expect(send("NG\n", to: other.b))
        try house.turn { receive(from: other.b) == "OK\n" }
    }

    @Test func `a client that is turned away reads why even if it sends first`() throws {
        let house = try SessionHouse()
        let pair = try SocketPair()
        house.desk.turnedAway.add(pair.takeA(), .tooManyConnections, for: house.keeper.policy.share(of: SessionHouse.alice))
        #expect(send("PING\n", to: pair.b))
        try house.turn(2)
        #expect(send("PING\n", to: pair.b))
        #expect(receive(from: pair.b)?.hasPrefix("ERR busy ") == true)
        #expect(receive(from: pair.b) == "")
    }

    @Test func `a client that is turned away is not waited for for ever, nor are many of one caller`() throws {
        let house = try SessionHouse()
        let share = house.keeper.policy.share(of: SessionHouse.alice)
        let pairs = try (0..<40).map { _ in try SocketPair() }
        for pair in pairs { house.desk.turnedAway.add(pair.takeA(), .tooManyConnections, for: share) }
        // those over the share are closed at once; they can read it all the same
        #expect(pairs.allSatisfy { receive(from: $0.b)?.hasPrefix("ERR busy ") == true })
        #expect(pairs.count { !send("PING\n", to: $0.b) } == 8)
    }
}
