internal import Codecs
@testable internal import OAuth
internal import Secrets
@testable internal import Systemd
@testable internal import TokenControl

extension Door {
    /// What comes to the loopback address of a sign-in, up to what the daemon makes of it.
    static let callback = Door(name: "callback") { bytes in
        var input = Input(bytes)
        let setting = input.byte()
        _ = PastedAnswer(Secret(copying: input.rest))
        guard let end = endOfHead(input.rest), let head = try? RequestHead(UnsafeRawBufferPointer(rebasing: input.rest[..<end])),
            let address = LoopbackAddress("http://127.0.0.1:53177/callback")
        else { return }
        must(head.query.upperBound <= end && head.body.lowerBound == end, "query and body lie where they came")
        must(head.body.count <= RequestHead.longestBody, "no body is longer than a line takes")
        guard head.body.upperBound <= input.rest.count else { return }
        let owner = [LoopbackOwner.ours, .other(7), .gone, .unknown][Int(setting >> 1 & 3)]
        let doorkeeper = Doorkeeper(address: address, oneTime: oneTime, expectation: .init(isForm: setting & 1 == 1, state: Secret("the-state")))
        switch doorkeeper.judge(head, in: input.rest, from: owner) {
        case .answer(let answer):
            must(owner == .ours, "an answer is taken from the same user alone")
            must(answer.withBytes { $0.allSatisfy { (0x21...0x7E).contains($0) } }, "an answer can be a word of a request")
            judge(answer)
        case .foreignAnswer: must(owner != .ours, "the same user is not asked about")
        case .errorWithoutState(let error):
            must(owner == .ours, "an error is believed of the same user alone")
            must(error.sentence.isPlain, "a server's error is told in one line")
        case .oneTime, .done: must(owner == .ours, "no other user is told where to go")
        case .refused: break
        }
    }

    /// What the kernel and systemd say about a peer.
    static let peer = Door(name: "peer") { bytes in
        if case .unit(let name) = unitName(cgroup: bytes, below: bytes.first == 0x2F ? "/init.scope" : "") {
            must(name.utf8.count <= 255 && name.hasSuffix(".service") && name.isPrintableASCII, "a unit is a service with a possible name")
        }
        if let request = CredentialRequest(address: Array(bytes)) {
            must(request.unit.hasSuffix(".service") && request.id.isPrintableASCII, "a credential is asked for a service by a possible id")
        }
    }

    /// What journalctl prints.
    static let journal = Door(name: "journal") { bytes in
        _ = Timestamp.seconds(bytes.text)
        var report = AuditReport(isList: bytes.count % 2 == 0)
        for line in bytes.split(separator: 0x0A) {
            if let entry = JournalEntry(Array(line)) { report.take(entry) }
        }
        guard !report.isEmpty else { return }
        must(report.table.description.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { String($0).isPlain }, "a table is plain")
        guard case .success = JSONObject.read(Secret("{\"rows\":\(report.json)}")) else { return must(false, "what is printed as JSON is JSON") }
    }
}

private let oneTime = OneTimeAddress(leadingTo: "https://id.example.com/")

private func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 4 else { return nil }
    return (0...(bytes.count - 4)).first { bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10 }.map { $0 + 4 }
}

private func judge(_ answer: Secret) {
    let request = AuthorizationRequest(
        clientID: "app", redirectURI: "http://127.0.0.1:53177/callback", scopes: ["openid"], state: Secret("the-state"), nonce: Secret("the-nonce"),
        challenge: "x")
    let metadata = ServerMetadata(issuer: "https://id.example.com", pinned: PinnedEndpoints())
    let response = AuthorizationResponse(answer)
    switch PendingAuthorization(request, to: metadata).judge(response) {
    case .granted(let code, _): must(code.withBytes { $0.allSatisfy { (0x20...0x7E).contains($0) } }, "a code is printable")
    case .stray(let text): must(text.isPlain, "a stray answer is told in one line")
    case .ended(let failure): must(failure.text.isPlain, "a failure is told in one line")
    }
}
