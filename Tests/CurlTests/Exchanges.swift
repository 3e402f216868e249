import Curl
import Secrets
import Synchronization
import Testing

/// An exchange thread whose results can be awaited one by one.
final class Exchanges: Sendable {
    typealias Outcome = Result<TransferResponse, TransferFailure>

    private struct Ledger {
        var next: UInt64 = 0
        var outcomes: [UInt64: Outcome] = [:]
        var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
        var repeated = 0
    }

    private final class Reports: Sendable {
        let ledger = Mutex(Ledger())

        func take(_ id: UInt64, _ outcome: Outcome) {
            let waiter = ledger.withLock { ledger in
                ledger.repeated += ledger.outcomes.updateValue(outcome, forKey: id) == nil ? 0 : 1
                return ledger.waiters.removeValue(forKey: id)
            }
            waiter?.resume(returning: outcome)
        }
    }

    let thread: ExchangeThread
    private let reports: Reports

    init() throws {
        let reports = Reports()
        thread = try ExchangeThread(userAgent: "tokend/0.test") { reports.take($0, $1) }
        self.reports = reports
    }

    /// Results after the first one for an id.
    var repeated: Int { reports.ledger.withLock(\.repeated) }

    func submit(_ transfer: Transfer) -> UInt64 {
        let id = reports.ledger.withLock { ledger in
            ledger.next += 1
            return ledger.next
        }
        thread.submit(transfer, id: id)
        return id
    }

    func outcome(of id: UInt64) async -> Outcome {
        await withCheckedContinuation { continuation in
            let known = reports.ledger.withLock { ledger in
                if ledger.outcomes[id] == nil { ledger.waiters[id] = continuation }
                return ledger.outcomes[id]
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Whether a result has arrived.
    func isReported(_ id: UInt64) -> Bool { reports.ledger.withLock { $0.outcomes[id] != nil } }

    func perform(_ transfer: Transfer) async -> Outcome { await outcome(of: submit(transfer)) }

    func response(to transfer: Transfer) async throws -> TransferResponse { try await perform(transfer).get() }

    func failure(of transfer: Transfer) async throws -> TransferFailure {
        switch await perform(transfer) {
        case .success(let response): throw Unexpected(text: "an answer with status \(response.status)")
        case .failure(let failure): failure
        }
    }

    struct Unexpected: Error { let text: String }
}

extension Transfer {
    /// A transfer to a scripted server that trusts the test CA.
    static func get(_ url: String) throws -> Transfer { try make(.get, url) }
    static func post(_ form: String, _ url: String) throws -> Transfer { try make(.post(form: Secret(form)), url) }

    private static func make(_ method: Method, _ url: String) throws -> Transfer {
        var transfer = Transfer(method, url: url, group: "test")
        transfer.caFile = try Certificates.authority()
        return transfer
    }

    func with(_ change: (inout Transfer) -> Void) -> Transfer {
        var copy = self
        change(&copy)
        return copy
    }
}

extension Secret {
    /// For expectations only.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
