internal import Secrets

/// Tells an answer of the identity server from everything else that reaches the port.
///
/// Any local process, and any page that a browser shows, can reach it. So only the one path is served, in the one way
/// the answer is due, under the address's own name, and with the state that this sign-in was given.
struct Doorkeeper {
    let address: LoopbackAddress
    /// Whether the answer comes as a form that the browser posts.
    let isForm: Bool
    /// What an answer carries to be of this sign-in; `nil` leaves that to the daemon alone.
    let state: Secret?

    enum Arrival {
        /// The query or the form, as it came.
        case answer(Secret)
        /// The page that says what came of it.
        case done
        case refused(Page)
    }

    func judge(_ head: RequestHead, in bytes: UnsafeRawBufferPointer) -> Arrival {
        guard address.isNamed(by: head.host) else { return .refused(.wrongHost) }
        if head.path == address.donePath { return head.method == .get ? .done : .refused(.wrongMethod(allowed: "GET")) }
        guard head.path == address.path else { return .refused(.nothingHere) }
        switch (head.method, isForm) {
        case (.get, false): return judge(bytes[head.query])
        case (.post, true): return judge(bytes[head.body])
        case (_, false): return .refused(.wrongMethod(allowed: "GET"))
        case (_, true): return .refused(.wrongMethod(allowed: "POST"))
        }
    }

    private func judge(_ part: Slice<UnsafeRawBufferPointer>) -> Arrival {
        let answer = UnsafeRawBufferPointer(rebasing: part)
        // what a line of the protocol cannot carry no browser sends
        guard !answer.isEmpty, answer.allSatisfy({ (0x21...0x7E).contains($0) }) else { return .refused(.malformed) }
        // the daemon would say the same, but counts: whoever guesses must not use a login up
        if let state, FormFields(answer).only("state") != state { return .refused(.notOurs) }
        return .answer(Secret(copying: answer))
    }
}
