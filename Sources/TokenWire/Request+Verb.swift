extension Request {
    /// The verb of the request.
    package var verb: Verb {
        switch self {
        case .get: .get
        case .header: .header
        case .reject: .reject
        case .wait: .wait
        case .watch: .watch
        case .list: .list
        case .status: .status
        case .login: .login
        case .callback: .callback
        case .confirm: .confirm
        case .cancel: .cancel
        case .await: .await
        case .logout: .logout
        case .importToken: .import
        case .renew: .renew
        case .reload: .reload
        case .explain: .explain
        case .metrics: .metrics
        case .ping: .ping
        case .hello: .hello
        case .help: .help
        case .quit: .quit
        }
    }

    /// The token name in the request, as the caller wrote it. `nil` if the request has none, or refers to a login.
    package var name: String? {
        switch self {
        case .get(let query), .header(let query), .watch(let query): query.name
        case .reject(let name, _, _), .wait(let name, _), .login(let name, _, _, _), .logout(let name),
            .importToken(let name, _, _), .renew(let name):
            name
        case .status(let name): name
        case .explain(let query): query.name
        case .list, .callback, .confirm, .cancel, .await, .reload, .metrics, .ping, .hello, .help, .quit: nil
        }
    }
}
