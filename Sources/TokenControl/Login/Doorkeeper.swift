internal import Secrets

/// Tells an answer of the identity server from everything else that reaches the port.
///
/// Any local process, and any page that a browser shows, can reach it. So only the one path is served, in the one way the answer is due, under the
/// address's own name, with the state that this sign-in was given, and to processes of the user who began it.
struct Doorkeeper {
    /// What an answer of the identity server must be.
    struct Expectation {
        /// Whether the answer comes as a form that the browser posts.
        let isForm: Bool
        /// What an answer carries to be of this sign-in; `nil` leaves that to the daemon alone.
        let state: Secret?
    }

    let address: LoopbackAddress
    let oneTime: OneTimeAddress
    /// `nil` where no answer is due: the listener only sends a browser on.
    let expectation: Expectation?
    /// Other users whom the person at the terminal has let in.
    private(set) var admitted: Set<LoopbackOwner> = []

    init(address: LoopbackAddress, oneTime: OneTimeAddress, expectation: Expectation? = nil) {
        self.address = address
        self.oneTime = oneTime
        self.expectation = expectation
    }

    enum Arrival {
        /// The query or the form, as it came.
        case answer(Secret)
        /// The same from a process of another user.
        case foreignAnswer(Secret)
        /// The browser that was opened asks where to go.
        case oneTime
        /// The page that says what came of it.
        case done
        /// An error of a server that does not say of which sign-in.
        case errorWithoutState(ServerError)
        case refused(Page)
    }

    func isAdmitted(_ owner: LoopbackOwner) -> Bool { owner == .ours || admitted.contains(owner) }

    mutating func admit(_ owner: LoopbackOwner) { admitted.insert(owner) }

    func judge(_ head: RequestHead, in bytes: UnsafeRawBufferPointer, from owner: LoopbackOwner) -> Arrival {
        guard address.isNamed(by: head.host) else { return .refused(.wrongHost) }
        let arrival = judge(head, in: bytes)
        guard !isAdmitted(owner) else { return arrival }
        // who brings the right state knows the address that was printed; anybody else is not worth a question
        if case .answer(let answer) = arrival, expectation?.state != nil { return .foreignAnswer(answer) }
        return .refused(owner == .unknown ? .unknownUser : .otherUser)
    }

    private func judge(_ head: RequestHead, in bytes: UnsafeRawBufferPointer) -> Arrival {
        switch head.path {
        case oneTime.path: return head.method == .get ? .oneTime : .refused(.wrongMethod(allowed: "GET"))
        case address.donePath where expectation != nil: return head.method == .get ? .done : .refused(.wrongMethod(allowed: "GET"))
        case address.path: break
        default: return .refused(.nothingHere)
        }
        guard let expectation else { return .refused(.nothingHere) }
        switch (head.method, expectation.isForm) {
        case (.get, false): return judge(bytes[head.query], expectation.state)
        case (.post, true): return judge(bytes[head.body], expectation.state)
        case (_, false): return .refused(.wrongMethod(allowed: "GET"))
        case (_, true): return .refused(.wrongMethod(allowed: "POST"))
        }
    }

    private func judge(_ part: Slice<UnsafeRawBufferPointer>, _ state: Secret?) -> Arrival {
        let answer = UnsafeRawBufferPointer(rebasing: part)
        // what a line of the protocol cannot carry no browser sends
        guard !answer.isEmpty, answer.allSatisfy({ (0x21...0x7E).contains($0) }) else { return .refused(.malformed) }
        // the daemon would say the same, but counts: whoever guesses must not use a login up
        if let state, FormFields(answer).only("state") != state {
            return ServerError(withoutState: FormFields(answer)).map { .errorWithoutState($0) } ?? .refused(.notOurs)
        }
        return .answer(Secret(copying: answer))
    }
}
