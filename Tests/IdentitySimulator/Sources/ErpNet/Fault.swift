/// A fault that affects one or more responses.
package struct Fault: Equatable, Sendable {
    package enum Moment: String, CaseIterable, Sendable { case before, after }

    /// How a connection is closed: with a FIN, with a RST, or not at all.
    package enum Ending: String, CaseIterable, Sendable { case close, reset, hang }

    package enum Kind: Equatable, Sendable {
        /// Only `delay` and `hold` apply.
        case slow
        /// The request is neither processed nor answered until the fault is released.
        case hang
        case status(Int, retryAfter: RetryAfter?, error: String?, description: String?)
        case redirect(Int, to: String?)
        case quirk([Quirk])
        /// The connection ends without a response. `after`: the request was processed.
        case drop(Ending, Moment)
        /// The head announces the whole body, and half of it is sent.
        case halfBody(Ending)
        /// Sends the body byte by byte.
        case slowBody(every: Double)
        /// Sends spaces without end.
        case endlessBody
    }

    package let id: Int
    package let target: FaultTarget
    package let kind: Kind
    /// The kind as it was set.
    package let word: String
    /// Seconds before the request is processed.
    package let delay: Double
    /// Seconds between processing and the response.
    package let hold: Double
    /// The number of requests that it still affects; `nil` is all.
    package var remaining: Int?
}

extension Fault {
    /// How much of the response is sent.
    package enum Delivery: Equatable, Sendable {
        case whole
        case half(Ending)
        case drip(every: Double)
        case endless
        case none(Ending)

        /// The name in the audit log.
        package var word: String {
            switch self {
            case .whole: "whole"
            case .half: "half"
            case .drip: "drip"
            case .endless: "endless"
            case .none: "dropped"
            }
        }
    }

    package var delivery: Delivery {
        switch kind {
        case .slow, .hang, .status, .redirect, .quirk: .whole
        case .drop(let ending, _): .none(ending)
        case .halfBody(let ending): .half(ending)
        case .slowBody(let every): .drip(every: every)
        case .endlessBody: .endless
        }
    }

    /// How the connection ends before the request is processed, if it does.
    package var dropBefore: Ending? {
        guard case .drop(let ending, .before) = kind else { return nil }
        return ending
    }

    var quirks: [Quirk] {
        guard case .quirk(let quirks) = kind else { return [] }
        return quirks
    }

    /// The response that replaces the processing of the request.
    func cannedReply(to request: Request, now: Int) -> Reply? {
        switch kind {
        case .status(let status, let retryAfter, let error, let description):
            Self.failure(status, retryAfter: retryAfter, error: error, description: description, now: now)
        case .redirect(let status, let target):
            Self.redirect(status, to: target ?? Self.otherHost(request))
        case .slow, .hang, .quirk, .drop, .halfBody, .slowBody, .endlessBody: nil
        }
    }

    private static func failure(
        _ status: Int, retryAfter: RetryAfter?, error: String?, description: String?, now: Int
    ) -> Reply {
        var reply = Reply.page("\(status)", status: status)
        if let error {
            let body: JSON = ["error": .string(error)]
            reply = .json(body.appending("error_description", ifPresent: description), status: status)
        }
        reply.set("Retry-After", retryAfter?.value(now: now))
        return reply
    }

    private static func redirect(_ status: Int, to target: String) -> Reply {
        var reply = Reply.page("\(status)", status: status)
        reply.set("Location", target)
        return reply
    }

    /// The same port with another host name, so that the audit log shows clients that follow.
    private static func otherHost(_ request: Request) -> String {
        let port = request.site.root.split(separator: ":").last ?? ""
        return "https://127.0.0.1:\(port)/redirected"
    }
}
