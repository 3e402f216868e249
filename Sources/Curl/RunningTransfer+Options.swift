internal import CCurl
internal import Glibc
internal import Secrets

extension RunningTransfer {
    func configure(userAgent: String, now: Int64) throws(TransferFailure) {
        try setFixedOptions()
        try setTLS()
        try setRequest(userAgent: userAgent)
        try setProxy()
        try setConnectionLimits(now: now)
        try setCallbacks()
    }

    /// Options of every transfer. They override the environment and `.netrc`.
    private func setFixedOptions() throws(TransferFailure) {
        try handle.set(CURLOPT_NOSIGNAL, 1)
        try handle.set(CURLOPT_QUICK_EXIT, 1)
        try handle.set(CURLOPT_FOLLOWLOCATION, 0)
        try handle.set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        try handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try handle.set(CURLOPT_HTTP09_ALLOWED, 0)
        try handle.set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        try handle.set(CURLOPT_PROTOCOLS_STR, submission.transfer.allowPlainHTTPOnLoopback ? "https,http" : "https")
    }

    /// TLS 1.2 or newer; the chain and the name are verified in each handshake. A CA file replaces the system's CA bundle. Without `CURLOPT_CAPATH`
    /// libcurl shares one parsed copy of the bundle. The cache timeout of five seconds makes a replaced file effective soon.
    private func setTLS() throws(TransferFailure) {
        try handle.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try handle.set(CURLOPT_SSL_VERIFYPEER, 1)
        try handle.set(CURLOPT_SSL_VERIFYHOST, 2)
        try handle.set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        try EasyHandle.check(tokend_curl_set_expected_name(handle.pointer, expectedName.pointer))
        try handle.set(CURLOPT_CA_CACHE_TIMEOUT, 5)
        guard let authorities = submission.transfer.caFile ?? Self.systemCABundle else { return }
        try handle.set(CURLOPT_CAINFO, authorities)
        try handle.set(CURLOPT_CAPATH, pointer: nil)
    }

    private static var systemCABundle: String? {
        tokend_curl_system_authorities().map { String(cString: $0) }
    }

    private func setRequest(userAgent: String) throws(TransferFailure) {
        try handle.set(CURLOPT_URL, submission.transfer.url)
        try handle.set(CURLOPT_USERAGENT, userAgent)
        try handle.set(CURLOPT_HTTPHEADER, pointer: headers.first)
        switch submission.transfer.method {
        case .get: try handle.set(CURLOPT_HTTPGET, 1)
        case .post(let form): try setForm(form)
        }
    }

    /// The form is not copied: `submission` keeps it at the same address until the handle is freed.
    private func setForm(_ form: Secret) throws(TransferFailure) {
        try handle.set(CURLOPT_POST, 1)
        try handle.set(CURLOPT_POSTFIELDSIZE_LARGE, size: form.count)
        try handle.set(CURLOPT_POSTFIELDS, pointer: form.withBytes { $0.baseAddress })
    }

    /// An empty proxy string disables the proxies of the environment too.
    private func setProxy() throws(TransferFailure) {
        try handle.set(CURLOPT_PROXY, proxy.map { "http://\($0.name)" } ?? "")
        try handle.set(CURLOPT_NOPROXY, "")
        try handle.set(CURLOPT_HTTPPROXYTUNNEL, 1)
        try handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try handle.set(CURLOPT_FRESH_CONNECT, submission.needsNewConnection ? 1 : 0)
        if let login = submission.transfer.proxyLogin { try setProxyLogin(login) }
    }

    /// libcurl before 8.19 reuses a tunnel that was opened with another proxy login (CVE-2026-3784), so a tunnel with a login serves one request.
    private func setProxyLogin(_ login: Transfer.ProxyLogin) throws(TransferFailure) {
        let userAndPassword = login.percentEncodedCString
        try EasyHandle.check(userAndPassword.withBytes { tokend_curl_set_proxy_login(handle.pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self)) })
        try handle.set(CURLOPT_FRESH_CONNECT, 1)
        try handle.set(CURLOPT_FORBID_REUSE, 1)
    }

    /// `TransferLoop` enforces the total timeout: libcurl would check its clock before it checks whether the response has arrived.
    private func setConnectionLimits(now: Int64) throws(TransferFailure) {
        let remaining = submission.remaining(now: now)
        try handle.set(CURLOPT_CONNECTTIMEOUT_MS, min(max(submission.transfer.connectTimeout, 1), remaining))
        try handle.set(CURLOPT_MAXAGE_CONN, 30)
    }

    /// The context is not retained: the loop keeps this object until the handle is removed from libcurl.
    private func setCallbacks() throws(TransferFailure) {
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        for option in [CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA] {
            try handle.set(option, pointer: context)
        }
        try EasyHandle.check(
            tokend_curl_set_receive(handle.pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                let part = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
                return RunningTransfer.from(context)?.receive(part) == true ? part.count : 0
            })
        try EasyHandle.check(
            tokend_curl_set_receive(handle.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return RunningTransfer.from(context)?.receiveHeader(line) == true ? line.count : 0
            })
        try EasyHandle.check(
            tokend_curl_set_open_socket(handle.pointer) { context, _, address in
                guard let address, RunningTransfer.from(context)?.mayConnect() == true else { return -1 }
                return socket(address.pointee.family, address.pointee.socktype | CInt(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
            })
        try EasyHandle.check(
            tokend_curl_set_request_begins(handle.pointer) { context, _, _, _, _ in
                RunningTransfer.from(context)?.requestBegins() == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            })
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> RunningTransfer? {
        context.map { Unmanaged<RunningTransfer>.fromOpaque($0).takeUnretainedValue() }
    }
}
