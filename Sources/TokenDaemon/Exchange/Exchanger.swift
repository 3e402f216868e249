internal import Curl
internal import OAuth
internal import OpenSSL
internal import Secrets
internal import Systemd
internal import Threads
internal import TokenLedger

/// Carries exchange plans and errands to authorization servers and brings reports back. It decides nothing: where the endpoints are and
/// what an answer means, the OAuth room says; the exchange thread moves the bytes.
///
/// Every plan and every errand ends in exactly one report, in a later turn of the loop than the one that asked for it.
final class Exchanger {
    private enum Message: Sendable {
        case begin(flight: UInt64)
        case ended(transfer: UInt64, EndpointResult)
    }

    private enum Purpose {
        case metadata(ServerSettings)
        case keys(ServerSettings)
        case token(flight: UInt64)
        case revocation(flight: UInt64, RevocationRequest)
        case probe(flight: UInt64, TokenProbe)
        case question((EndpointResult) -> Void)
    }

    /// Receives each plan's report.
    var finished: (ExchangeReport) -> Void = { _ in }
    /// Receives each errand's.
    var errandFinished: (ErrandReport) -> Void = { _ in }

    private let mailbox: Mailbox<Message>
    private let thread: ExchangeThread
    private let clock: () -> Moment
    private var servers = MetadataCaches()
    private var keys = JWKSCaches()
    private var flights: [UInt64: Flight] = [:]
    private var transfers: [UInt64: Purpose] = [:]
    private var lastTransfer: UInt64 = 0
    private let loop: Loop
    /// Flights that are to ask for keys again, and when.
    private var keyless: [UInt64] = []
    private var keyTimer: LoopTimer?

    /// - Parameter clock: tells the time; a test drives it by hand.
    init(loop: Loop, userAgent: String, clock: @escaping () -> Moment = { .now }) throws {
        self.clock = clock
        self.loop = loop
        let mailbox = try Mailbox<Message>.forLoop()
        self.mailbox = mailbox
        thread = try ExchangeThread(userAgent: userAgent) { id, result in
            mailbox.send(.ended(transfer: id, EndpointResult(result)))
        }
        try mailbox.open(on: loop) { [weak self] in self?.receive($0) }
        keyTimer = try loop.timer { [unowned self] in seekKeysAgain() }
    }

    func perform(_ plan: ExchangePlan) { begin(Flight(.exchange(plan), at: clock())) }

    func perform(_ errand: ErrandPlan) { begin(Flight(.errand(errand), at: clock())) }

    private func begin(_ flight: Flight) {
        flights[flight.id] = flight
        mailbox.send(.begin(flight: flight.id))
    }

    /// The metadata of this server are found anew when they are next needed.
    func forget(_ settings: ServerSettings) { servers.forget(settings) }

    /// Drops what is known of servers that no application has any more; but for answers that somebody waits for.
    func forgetServers(except wanted: Set<ServerSettings>) {
        servers.forget(except: wanted)
        keys.forget(except: wanted)
    }

    /// Ends the exchange thread. What was under way reports that it was stopped, if the loop goes on turning.
    func stop() {
        thread.stop()
    }

    private func receive(_ message: Message) {
        switch message {
        case .begin(let id):
            if let flight = flights[id] { setOut(flight) }
        case .ended(let transfer, let result):
            switch transfers.removeValue(forKey: transfer) {
            case .metadata(let settings)?: metadataAnswered(result, settings)
            case .keys(let settings)?: keysAnswered(result, settings)
            case .token(let id)?: tokenAnswered(result, id)
            case .revocation(let id, let request)?: revocationAnswered(result, id, request)
            case .probe(let id, let probe)?: probeAnswered(result, id, probe)
            case .question(let answer)?: answer(result)
            case nil: break
            }
        }
    }

    /// One request that belongs to no plan; its answer comes in a later turn, within so many seconds.
    func ask(_ request: EndpointRequest, of settings: ServerSettings, within seconds: Int, _ answer: @escaping (EndpointResult) -> Void) {
        submit(request, to: settings, before: clock().boot + .seconds(seconds), .question(answer))
    }

    /// Where an API is, the operator has said; where a server's endpoints are, the server is asked.
    private func setOut(_ flight: Flight) {
        guard case .errand(let plan) = flight.work, case .probe(let token, .api(let address), let header) = plan.errand else {
            return seekMetadata(for: flight)
        }
        look(flight) { () throws(ExchangeFailure) in .api(APIProbe(at: try .probed(address), with: header.field(for: token))) }
    }

    // MARK: metadata

    private func seekMetadata(for flight: Flight) {
        switch servers.ask(for: flight, at: clock()) {
        case .ready(let metadata): proceed(flight, at: metadata)
        case .underway: break
        case .send(let request, let deadline): submit(request, to: flight.settings, before: deadline, .metadata(flight.settings))
        case .failed(let failure): fail(flight, failure)
        }
    }

    private func metadataAnswered(_ result: EndpointResult, _ settings: ServerSettings) {
        switch servers.receive(result, from: settings, at: clock()) {
        case .send(let request, let deadline):
            submit(request, to: settings, before: deadline, .metadata(settings))
        case .settled(let result, let waiting):
            for flight in waiting.compactMap({ flights[$0] }) {
                switch result {
                case .success(let metadata): proceed(flight, at: metadata)
                case .failure(let failure): fail(flight, failure)
                }
            }
        }
    }

    private func proceed(_ flight: Flight, at metadata: ServerMetadata) {
        var flight = flight
        flight.found(metadata)
        flights[flight.id] = flight
        switch flight.work {
        case .exchange(let plan): exchange(flight, plan, at: metadata)
        case .errand(let plan): run(flight, plan, at: metadata)
        }
    }

    // MARK: the token endpoint

    private func exchange(_ flight: Flight, _ plan: ExchangePlan, at metadata: ServerMetadata) {
        var flight = flight
        do throws(ExchangeFailure) {
            if try flight.takeFront(plan, at: metadata) {
                flights[flight.id] = flight
                return seekKeys(for: flight)
            }
            let message = try flight.next(plan, at: metadata, now: clock())
            flights[flight.id] = flight
            submit(message, to: flight.settings, before: flight.deadline, .token(flight: flight.id))
        } catch {
            fail(flight, error)
        }
    }

    private func tokenAnswered(_ result: EndpointResult, _ id: UInt64) {
        guard var flight = flights[id] else { return }
        let outcome = flight.outcome(of: result, now: clock())
        flights[id] = flight
        do throws(ExchangeFailure) {
            if case .success(let tokens) = outcome {
                if try flight.takeIdentity(tokens) {
                    flights[id] = flight
                    return seekKeys(for: flight)
                }
                if let claim = try flight.refreshedClaim(tokens) { return finish(flight, refreshed(tokens, claim, flight)) }
            }
        } catch {
            return fail(flight, error)
        }
        guard flight.isWorthAnotherAddress(outcome), servers.invalidate(flight.settings, at: clock()), !flight.isSpent else { return finish(flight, outcome) }
        flights[id] = flight
        seekMetadata(for: flight)
    }

    // MARK: keys

    private func seekKeys(for flight: Flight) {
        do throws(ExchangeFailure) {
            guard let metadata = flight.metadata else { return }
            switch keys.ask(for: flight, at: try metadata.url(of: .keys), now: clock()) {
            case .ready(let set): judge(flight, by: set)
            case .underway: break
            case .send(let request): submit(request, to: flight.settings, before: flight.deadline, .keys(flight.settings))
            }
        } catch {
            fail(flight, error)
        }
    }

    private func keysAnswered(_ result: EndpointResult, _ settings: ServerSettings) {
        let (result, waiting) = keys.receive(result, from: settings, at: clock())
        for flight in waiting.compactMap({ flights[$0] }) {
            switch result {
            case .success(let set): judge(flight, by: set)
            case .failure(let failure): missKeys(flight, failure)
            }
        }
    }

    /// The keys could not be had. Where the code is spent they are asked for again while there is time: nothing else brings what it brought.
    private func missKeys(_ flight: Flight, _ failure: ExchangeFailure) {
        guard flight.isIssued, failure.mayPass, flight.deadline - clock().boot > 2 * Self.keyPause else { return fail(flight, failure) }
        keyless.append(flight.id)
        keyTimer?.set(at: loop.now + Self.keyPause)
    }

    private func seekKeysAgain() {
        let again = keyless.compactMap { flights[$0] }
        keyless = []
        for flight in again { seekKeys(for: flight) }
    }
    private static let keyPause = Int64.seconds(1)

    private func judge(_ flight: Flight, by set: JWKSet) {
        guard let claim = flight.claim, let metadata = flight.metadata else { return }
        var flight = flight
        do throws(IDTokenProblem) {
            guard let identity = try claim.judge(by: set, allowing: metadata.identityAlgorithms, at: clock().wall) else {
                guard keys.invalidate(flight.settings, at: clock()) else { throw .unknownKey }
                flight.lackedKeys()
                flights[flight.id] = flight
                return seekKeys(for: flight)
            }
            let outcome = flight.believed(identity)
            flights[flight.id] = flight
            if let outcome { finish(flight, outcome) } else { proceed(flight, at: metadata) }
        } catch {
            fail(flight, ExchangeFailure(error))
        }
    }

    /// What a refresh brought, with its ID token or, where the signature cannot be checked now, without. What the token says is compared in any case.
    private func refreshed(_ tokens: IssuedTokens, _ claim: IdentityClaim, _ flight: Flight) -> ExchangeOutcome {
        var unchecked = tokens
        unchecked.idToken = nil
        guard let metadata = flight.metadata else { return .success(unchecked) }
        do throws(IDTokenProblem) {
            let url = try? metadata.url(of: .keys)
            if let url, let set = keys.atHand(flight.settings, at: url, now: clock()) {
                if try claim.isProven(by: set, allowing: metadata.identityAlgorithms, at: clock().wall) { return .success(tokens) }
                if keys.invalidate(flight.settings, at: clock()) { warmKeys(of: flight.settings, at: url) }
            } else if let url {
                warmKeys(of: flight.settings, at: url)
            }
            try claim.compare(allowing: metadata.identityAlgorithms, at: clock().wall)
            return .success(unchecked)
        } catch {
            return error.leavesSubjectCertain ? .success(unchecked) : .failure(ExchangeFailure(error))
        }
    }

    /// Has the keys at hand for the next time; nobody waits.
    private func warmKeys(of settings: ServerSettings, at url: HTTPSURL) {
        guard let request = keys.warm(settings, at: url, now: clock()) else { return }
        submit(request, to: settings, before: clock().boot + .seconds(settings.timeout), .keys(settings))
    }

    // MARK: errands

    private func run(_ flight: Flight, _ plan: ErrandPlan, at metadata: ServerMetadata) {
        switch plan.errand {
        case .locate: finish(flight, .located(.success(metadata)))
        case .revoke(let token):
            do throws(ExchangeFailure) {
                let request = RevocationRequest(token, .refreshToken, as: plan.application.client, at: try metadata.url(of: .revocation))
                submit(request.message(), to: flight.settings, before: flight.deadline, .revocation(flight: flight.id, request))
            } catch {
                // only a server whose metadata are here can be said to revoke nothing
                let isUnsupported = metadata.absence == nil && !metadata.names(.revocation)
                finish(flight, .revoked(isUnsupported ? .unsupported(error.text) : .failed(error), metadata))
            }
        case .probe(let token, _, _):
            look(flight) { () throws(ExchangeFailure) in
                .introspection(IntrospectionRequest(token, as: plan.application.client, at: try metadata.url(of: .introspection)))
            }
        }
    }

    private func revocationAnswered(_ result: EndpointResult, _ id: UInt64, _ request: RevocationRequest) {
        guard let flight = flights[id] else { return }
        finish(flight, .revoked(request.outcome(of: result, now: clock().wall), flight.metadata))
    }

    private func look(_ flight: Flight, _ probe: () throws(ExchangeFailure) -> TokenProbe) {
        do throws(ExchangeFailure) {
            let probe = try probe()
            submit(probe.message(), to: flight.settings, before: flight.deadline, .probe(flight: flight.id, probe))
        } catch {
            finish(flight, .probed(.unknown(error)))
        }
    }

    private func probeAnswered(_ result: EndpointResult, _ id: UInt64, _ probe: TokenProbe) {
        guard let flight = flights[id] else { return }
        finish(flight, .probed(probe.health(in: result, now: clock().wall)))
    }

    // MARK: ends

    private func fail(_ flight: Flight, _ failure: ExchangeFailure) {
        switch flight.work {
        case .exchange: finish(flight, .failure(failure))
        case .errand(let plan):
            switch plan.errand {
            case .locate: finish(flight, .located(.failure(failure)))
            case .revoke: finish(flight, .revoked(.failed(failure), nil))
            case .probe: finish(flight, .probed(.unknown(failure)))
            }
        }
    }

    private func finish(_ flight: Flight, _ outcome: ExchangeOutcome) {
        guard flights.removeValue(forKey: flight.id) != nil, case .exchange(let plan) = flight.work else { return }
        let secrets = flight.secrets
        finished(flight.report(plan, outcome.map { $0.redacting(secrets, asked: plan.scopes) }.mapError { $0.redacting(secrets) }, now: clock()))
    }

    private func finish(_ flight: Flight, _ result: ErrandResult) {
        guard flights.removeValue(forKey: flight.id) != nil else { return }
        let told: ErrandResult =
            switch result {
            case .located(.failure(let failure)): .located(.failure(failure.redacting(flight.secrets)))
            case .revoked(.failed(let failure), let metadata): .revoked(.failed(failure.redacting(flight.secrets)), metadata)
            case .probed(let health): .probed(health.redacting(flight.secrets))
            case .located(.success), .revoked(.revoked, _), .revoked(.unsupported, _): result
            }
        errandFinished(ErrandReport(id: flight.id, result: told))
    }

    private func submit(_ request: EndpointRequest, to settings: ServerSettings, before deadline: Int64, _ purpose: Purpose) {
        lastTransfer += 1
        transfers[lastTransfer] = purpose
        let left = deadline - clock().boot
        if left > 0 {
            thread.submit(Transfer(request, to: settings, nanoseconds: left), id: lastTransfer)
        } else {
            mailbox.send(.ended(transfer: lastTransfer, .fault(.late)))
        }
    }
}

extension Moment {
    static var now: Moment { Moment(boot: Clock.boottime(), realtime: Clock.realtime()) }
}

extension TransportFault {
    fileprivate static let late = TransportFault(unsent: true, kind: .broken, text: "no time is left for it")
}
