internal import Curl
internal import OAuth
internal import OpenSSL
internal import Secrets
internal import Systemd
internal import TokenLedger

/// Carries exchange plans to authorization servers and brings reports back. It decides nothing: where the endpoints are and what an
/// answer means, the OAuth room says; the exchange thread moves the bytes.
///
/// Every plan ends in exactly one report, in a later turn of the loop than the one that asked for it.
final class Exchanger {
    private enum Message: Sendable {
        case begin(plan: UInt64)
        case ended(transfer: UInt64, EndpointResult)
    }

    private enum Purpose {
        case metadata(ServerSettings)
        case token(plan: UInt64)
    }

    /// Receives each plan's report.
    var finished: (ExchangeReport) -> Void = { _ in }

    private let mailbox: Mailbox<Message>
    private let thread: ExchangeThread
    private let clock: () -> Moment
    private var servers = ServerTable()
    private var flights: [UInt64: Flight] = [:]
    private var transfers: [UInt64: Purpose] = [:]
    private var lastTransfer: UInt64 = 0

    /// - Parameter clock: tells the time; a test drives it by hand.
    init(loop: Loop, userAgent: String, clock: @escaping () -> Moment = { .now }) throws {
        self.clock = clock
        let mailbox = try Mailbox<Message>()
        self.mailbox = mailbox
        thread = try ExchangeThread(userAgent: userAgent) { id, result in
            mailbox.send(.ended(transfer: id, EndpointResult(result)))
        }
        try mailbox.open(on: loop) { [weak self] in self?.receive($0) }
    }

    func perform(_ plan: ExchangePlan) {
        flights[plan.id] = Flight(plan, at: clock())
        mailbox.send(.begin(plan: plan.id))
    }

    /// Metadata that were found for this application are found anew when they are next needed.
    func forget(application: String) {
        servers.forget(application: application)
    }

    /// Ends the exchange thread. What was under way reports that it was stopped, if the loop goes on turning.
    func stop() {
        thread.stop()
    }

    private func receive(_ message: Message) {
        switch message {
        case .begin(let plan):
            if let flight = flights[plan] { seekMetadata(for: flight) }
        case .ended(let transfer, let result):
            switch transfers.removeValue(forKey: transfer) {
            case .metadata(let settings)?: metadataAnswered(result, settings)
            case .token(let plan)?: tokenAnswered(result, plan)
            case nil: break
            }
        }
    }

    // MARK: metadata

    private func seekMetadata(for flight: Flight) {
        switch servers.ask(for: flight, at: clock()) {
        case .ready(let metadata): exchange(flight, at: metadata)
        case .underway: break
        case .send(let request): submit(request, to: flight.settings, before: flight.deadline, .metadata(flight.settings))
        case .failed(let failure): finish(flight, .failure(failure))
        }
    }

    private func metadataAnswered(_ result: EndpointResult, _ settings: ServerSettings) {
        switch servers.receive(result, from: settings, at: clock()) {
        case .send(let request, let deadline):
            submit(request, to: settings, before: deadline, .metadata(settings))
        case .settled(let result, let waiting):
            for flight in waiting.compactMap({ flights[$0] }) {
                switch result {
                case .success(let metadata): exchange(flight, at: metadata)
                case .failure(let failure): finish(flight, .failure(failure))
                }
            }
        }
    }

    // MARK: the token endpoint

    private func exchange(_ flight: Flight, at metadata: ServerMetadata) {
        var flight = flight
        do throws(ExchangeFailure) {
            let message = try flight.next(at: metadata, now: clock())
            flights[flight.plan.id] = flight
            submit(message, to: flight.settings, before: flight.deadline, .token(plan: flight.plan.id))
        } catch {
            finish(flight, .failure(error))
        }
    }

    private func tokenAnswered(_ result: EndpointResult, _ plan: UInt64) {
        guard var flight = flights[plan] else { return }
        let outcome = flight.outcome(of: result, now: clock())
        guard flight.isWorthAnotherAddress(outcome), servers.doubt(flight.settings, at: clock()) else { return finish(flight, outcome) }
        flights[plan] = flight
        seekMetadata(for: flight)
    }

    private func finish(_ flight: Flight, _ outcome: ExchangeOutcome) {
        flights[flight.plan.id] = nil
        finished(flight.report(outcome, now: clock()))
    }

    private func submit(_ request: EndpointRequest, to settings: ServerSettings, before deadline: Int64, _ purpose: Purpose) {
        lastTransfer += 1
        transfers[lastTransfer] = purpose
        let left = deadline - clock().boot
        guard left > 0 else { return mailbox.send(.ended(transfer: lastTransfer, .fault(.late))) }
        thread.submit(Transfer(request, to: settings, nanoseconds: left), id: lastTransfer)
    }
}

extension Moment {
    static var now: Moment { Moment(boot: Clock.boottime(), realtime: Clock.realtime()) }
}

extension TransportFault {
    fileprivate static let late = TransportFault(unsent: true, kind: .broken, text: "no time is left for it")
}
