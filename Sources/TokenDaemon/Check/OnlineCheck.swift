internal import OAuth
internal import Secrets
internal import Systemd
package import TokenConfiguration
internal import TokenLedger
internal import TokenWire

/// `tokend --check --online`: asks every server and API that the configuration names, and says what they say. No daemon is needed for it,
/// none is asked, and nothing is kept.
///
/// The applications are tried side by side, the tokens of one application one after the other.
package final class OnlineCheck {
    /// Seconds for one try.
    private static let longest = 30
    private static let sideBySide = 16

    private let loop: Loop
    private let exchanger: Exchanger
    private let say: (String) -> Void
    private var inquiries: [OnlineInquiry]
    private var begun = 0
    private var ended: Set<Int> = []
    private var said = 0
    private var tally = OnlineTally()
    /// Which application asked what the exchanger answers.
    private var askers: [UInt64: Int] = [:]
    private var lastID: UInt64 = 0

    /// - Parameter say: is given each line as soon as all before it are there.
    package init(_ reading: ConfigurationReading, say: @escaping (String) -> Void) throws {
        let now = Clock.realtime() / .seconds(1)
        inquiries = OnlineSubject.all(in: reading).map { OnlineInquiry($0, now: now) }
        self.say = say
        loop = try Loop()
        exchanger = try Exchanger(loop: loop, userAgent: "tokend/\(Release.version)")
        exchanger.finished = { [unowned self] report in answered(report.plan, .exchanged(report.outcome)) }
        exchanger.errandFinished = { [unowned self] report in
            switch report.result {
            case .located(let result): answered(report.id, .located(result))
            case .probed(let health): answered(report.id, .probed(health))
            case .revoked: break
            }
        }
    }

    /// Returns when everything has been tried; the exit status (sysexits.h).
    package func run() throws -> Int32 {
        defer { exchanger.stop() }
        for _ in 0..<Self.sideBySide { begin() }
        if ended.count < inquiries.count { try loop.run() }
        say(tally.line)
        return tally.exitStatus
    }

    private func begin() {
        guard begun < inquiries.count else { return }
        begun += 1
        goOn(begun - 1)
    }

    private func goOn(_ index: Int) {
        if let step = inquiries[index].next() { return perform(step, index) }
        ended.insert(index)
        while ended.contains(said) {
            for finding in inquiries[said].findings {
                tally.count(finding)
                say(finding.line)
            }
            said += 1
        }
        begin()
        if ended.count == inquiries.count { loop.stop() }
    }

    private func answered(_ id: UInt64, _ answer: OnlineInquiry.Answer) {
        if let index = askers.removeValue(forKey: id) { receive(answer, index) }
    }

    private func receive(_ answer: OnlineInquiry.Answer, _ index: Int) {
        inquiries[index].receive(answer)
        goOn(index)
    }

    // MARK: asking

    private func perform(_ step: OnlineInquiry.Step, _ index: Int) {
        switch step {
        case .locate: run(.locate, index)
        case .probe(let token, let value, let probe): run(.probe(value, probe.way, token.header), index)
        case .exchange(let token, let scopes, _):
            let audience = token.audiences.first.map { Audience(parameter: token.audienceParameter, value: $0) }
            let grant = GrantRequest.clientCredentials(scopes: scopes, audience: audience)
            exchanger.perform(
                ExchangePlan(
                    id: ask(index), token: token.name, application: application(index), grant: grant, timeout: patience(index), scopes: scopes))
        case .look(let look, _):
            put(look.message(), index) { result, now in
                do throws(ExchangeFailure) { return .looked(.success(try look.status(in: result, now: now))) } catch { return .looked(.failure(error)) }
            }
        case .prove(let request): put(request.message(), index) { .proven(request.outcome(of: $0, now: $1)) }
        case .keys(let url): fetchKeys(url, index)
        }
    }

    private func fetchKeys(_ url: HTTPSURL, _ index: Int) {
        var known = JWKSCache()
        guard case .send(let request) = known.ask(at: url, now: 0) else { return }
        put(request, index) { result, now in
            var known = known
            return .keys(known.receive(result, now: 0, wall: now))
        }
    }

    private func run(_ errand: Errand, _ index: Int) {
        guard let token = inquiries[index].subject.tokens.first?.name else { return }
        exchanger.perform(
            ErrandPlan(id: ask(index), token: token, application: application(index), errand: errand, timeout: patience(index)))
    }

    private func put(_ request: EndpointRequest, _ index: Int, _ read: @escaping (EndpointResult, Int64) -> OnlineInquiry.Answer) {
        exchanger.ask(request, of: inquiries[index].subject.server, within: patience(index)) { [unowned self] result in
            receive(read(result, Clock.realtime() / .seconds(1)), index)
        }
    }

    private func ask(_ index: Int) -> UInt64 {
        lastID += 1
        askers[lastID] = index
        return lastID
    }

    private func application(_ index: Int) -> Application {
        let subject = inquiries[index].subject
        return Application(name: subject.name, server: subject.server, client: subject.client ?? ClientIdentity(id: "", authentication: .none))
    }

    private func patience(_ index: Int) -> Int { min(inquiries[index].subject.server.timeout, Self.longest) }
}
