internal import CCurl
internal import CShims
internal import Glibc
internal import Secrets

extension RunningTransfer {
    /// The result of a transfer that libcurl ended with `code`.
    func result(_ code: CURLcode, now: Int64) -> Result<TransferResponse, TransferFailure> {
        guard code == CURLE_OK else { return .failure(failure(code)) }
        guard headersAreWhole else { return .failure(failure(CURLE_PARTIAL_FILE)) }
        return .success(
            TransferResponse(
                status: handle.number(CURLINFO_RESPONSE_CODE),
                retryAfter: handle.header("Retry-After"),
                date: handle.header("Date"),
                contentType: handle.header("Content-Type"),
                cacheControl: handle.header("Cache-Control"),
                location: handle.header("Location"),
                contentEncoding: handle.header("Content-Encoding"),
                body: body.secret(),
                duration: now - submission.submitted))
    }

    /// The transfer was cancelled.
    var stopped: TransferFailure {
        TransferFailure(phase: phase, cause: .stopped, text: "the exchange with '\(server.name)' was ended")
    }

    /// The response did not arrive in time.
    var overdue: TransferFailure { failure(CURLE_OPERATION_TIMEDOUT) }

    private var phase: TransferFailure.Phase { isSent ? .sent : submission.phase }

    private func failure(_ code: CURLcode) -> TransferFailure {
        let (cause, reason) = causeAndReason(code)
        return TransferFailure(phase: phase, cause: cause, text: "no answer from '\(server.name)': \(reason)")
    }

    /// The cause, and a text for the administrator from tokend, OpenSSL or the kernel, never from the peer.
    private func causeAndReason(_ code: CURLcode) -> (TransferFailure.Cause, String) {
        if isTooLarge { return (.tooLarge, "the answer is larger than allowed") }
        if hasDuplicateLength { return (.protocolError, "its response is not HTTP/1.1") }
        if !isSent, let proxy, let fault = proxyFault(code, proxy) { return fault }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return (.resolve, "its name could not be resolved")
        case CURLE_COULDNT_CONNECT: return (.connect, systemError ?? "the connection failed")
        case CURLE_OPERATION_TIMEDOUT: return (.timeout, "it took too long \(stage)")
        case CURLE_PEER_FAILED_VERIFICATION: return certificateFault
        case CURLE_SSL_CACERT_BADFILE: return (.certificate(reason: "unreadable CA file"), "the CA file cannot be read")
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER: return (.tls, tlsError)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND,
            CURLE_ABORTED_BY_CALLBACK:
            return (.reset, isSent ? "the connection ended before its answer was complete" : "the connection ended")
        // libcurl's result for a header line over its own limit
        case CURLE_OUT_OF_MEMORY where isSent: return (.tooLarge, "the answer is larger than allowed")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            return (isSent ? .protocolError : .badURL, isSent ? "its response is not HTTP/1.1" : "its address cannot be used")
        case CURLE_URL_MALFORMAT: return (.badURL, "its address cannot be used")
        default: return (.other, String(cString: curl_easy_strerror(code)))
        }
    }

    private var stage: String {
        if isSent { return headersAreWhole ? "to finish its answer" : "to answer" }
        return isResolved ? "to connect" : "to resolve its name"
    }

    private func proxyFault(_ code: CURLcode, _ proxy: Endpoint) -> (TransferFailure.Cause, String)? {
        switch code {
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST: (.proxy, "the proxy '\(proxy.name)' could not be resolved")
        case CURLE_COULDNT_CONNECT: (.proxy, "no connection to the proxy '\(proxy.name)'")
        case CURLE_PROXY, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING: tunnelRefusal(proxy)
        default: nil
        }
    }

    private func tunnelRefusal(_ proxy: Endpoint) -> (TransferFailure.Cause, String) {
        let status = handle.number(CURLINFO_HTTP_CONNECTCODE)
        let refusal = "the proxy '\(proxy.name)' opened no tunnel" + (status > 0 ? " (status \(status))" : "")
        switch status {
        case 407: return (.proxyRefusal, "\(refusal): \(loginFault)")
        case 400..<500: return (.proxyRefusal, "\(refusal); permit connections from this machine to the server there")
        default: return (.proxy, refusal)
        }
    }

    /// What is wrong with the proxy login, or that there is none.
    private var loginFault: String {
        let offered = handle.number(CURLINFO_PROXYAUTH_AVAIL)
        if offered != 0, offered & tokend_curl_proxy_auth == 0 { return "it requires an authentication other than Basic and Digest, which is not supported" }
        guard submission.transfer.proxyLogin == nil else { return "it rejects the configured user name and password; correct them under proxy" }
        return "it requires a user name and a password; write them next to its address, as user and password of proxy"
    }

    private var certificateFault: (TransferFailure.Cause, String) {
        let verdict = handle.number(CURLINFO_SSL_VERIFYRESULT)
        let reason = verdict == 0 ? "hostname mismatch" : String(cString: X509_verify_cert_error_string(verdict))
        switch CInt(truncatingIfNeeded: verdict) {
        case X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED:
            return (.certificateTime, "\(reason), by this machine's clock")
        default:
            return (.certificate(reason: reason), "certificate refused: \(reason)")
        }
    }

    private var systemError: String? {
        let number = CInt(truncatingIfNeeded: handle.number(CURLINFO_OS_ERRNO))
        return number == 0 ? nil : strerror(number).map { String(cString: $0).lowercased() }
    }

    private var tlsError: String {
        let detail = handle.errorText
        return detail.isEmpty ? "no TLS session" : "no TLS session (\(detail))"
    }
}
