extension Request {
    /// The rows of HELP: the usage and the purpose of each verb.
    package static let helpRows: [String] = Verb.allCases.map { "\($0.usage) : \($0.purpose)" }
}

extension Verb {
    /// The verb with its words and keys.
    package var usage: String {
        switch self {
        case .get, .header, .watch: "\(rawValue) name [min-valid=S] [wait=S] [scope=...]... [audience=...]"
        case .reject: "REJECT name [id=fingerprint] [wait=S]"
        case .wait: "WAIT name [wait=S]"
        case .status: "STATUS [name]"
        case .login: "LOGIN name [redirect-uri=...] [flow=device] [confirm=first]"
        case .callback: "CALLBACK login-id query"
        case .confirm: "CONFIRM login-id"
        case .cancel: "CANCEL login-id"
        case .await: "AWAIT login-id [wait=S]"
        case .logout: "LOGOUT name"
        case .import: "IMPORT name token [expires=...]"
        case .renew: "RENEW name"
        case .explain: "EXPLAIN name uid=... [gid=...]... [unit=...]"
        case .list, .reload, .metrics, .ping, .hello, .help, .quit: rawValue
        }
    }

    /// The purpose in a few words.
    package var purpose: String {
        switch self {
        case .get: "a valid token"
        case .header: "the same as a header line, after \"OK \""
        case .reject: "an API refused the token; get another one"
        case .wait: "OK as soon as a token can be served"
        case .watch: "the token now and after every renewal, until the connection ends"
        case .list: "the tokens that you may use"
        case .status: "how your tokens fare"
        case .login: "begin to sign a person in"
        case .callback: "the response that the browser received"
        case .confirm: "confirm who has signed in"
        case .cancel: "end a sign-in that is not finished"
        case .await: "wait for the end of a login"
        case .logout: "end a person's grant here and at the server"
        case .import: "store a token that you already have"
        case .renew: "renew now, whatever happened before (administrators)"
        case .reload: "read the configuration again (administrators)"
        case .explain: "which rule decides for this caller (administrators)"
        case .metrics: "metrics in the OpenMetrics format (administrators)"
        case .ping: "OK"
        case .hello: "the daemon's version and the protocol's"
        case .help: "these rows"
        case .quit: "OK, then the daemon closes"
        }
    }
}
