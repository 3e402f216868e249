extension Identity {
    /// Answers one request, with the changes of its fault.
    /// - Parameters:
    ///   - fault: the result of `arrive` for this request.
    ///   - wall: the machine's clock in seconds since the epoch.
    package mutating func answer(_ request: Request, under fault: Fault?, wall: Int) -> Reply {
        let now = clock.now(wall: wall)
        if let canned = fault?.cannedReply(to: request, now: now) { return dated(canned, now: now) }
        let reply = answer(request, now: now)
        noteSecrets(of: request, reply, now: now)
        return dated(fault?.quirks.reduce(reply) { $1.applied(to: $0) } ?? reply, now: now)
    }

    private mutating func answer(_ request: Request, now: Int) -> Reply {
        guard request.method == "GET" || !request.route.isOnlyRead else { return .wrongMethod }
        return switch request.route {
        case .sysAutoDiscovery: autoDiscovery(request, path: knobs.sysAutoDiscovery)
        case .toolsAutoDiscovery: autoDiscovery(request, path: knobs.toolsAutoDiscovery)
        case .metadata: .json(metadata(of: request.site))
        case .jwks: .json(keys.fetch())
        case .token: token(request, now: now)
        case .authorize: authorize(request, now: now)
        case .signIn: signInPage(request, now: now)
        case .consent: consentPage(request, now: now)
        case .endSession: endSession(request, now: now)
        case .userinfo: userinfo(request, now: now)
        case .revocation: revocation(request)
        case .introspection: introspection(request, now: now)
        case .deviceAuthorization: deviceAuthorization(request, now: now)
        case .device: devicePage(request, now: now)
        case .api: api(request, now: now)
        case .me: me(request, now: now)
        case .login: legacyLogin(request)
        case .version: .text("26.2.0.0\n")
        case .serverInfo: .json(["Version": "26.2.0.0", "DbName": .string(database)])
        case .hashTool: .text("call this and your secret is in a log\n")
        case .other: .page("404 Not Found", status: 404)
        }
    }

    private func dated(_ reply: Reply, now: Int) -> Reply {
        var reply = reply
        reply.set("Date", httpDate(now))
        return reply
    }
}
