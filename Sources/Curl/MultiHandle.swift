internal import CCurl
internal import Glibc

/// Owns one `CURLM *`: the transfers under way, the idle connections, the name cache. Lives on the exchange thread.
final class MultiHandle {
    private static let idleConnections = 16
    /// Once in the life of the process: a lookup that was given up still runs inside libcurl.
    private static let isLibraryReady = tokend_curl_start() == CURLE_OK

    private let pointer: UnsafeMutableRawPointer

    init?() {
        guard Self.isLibraryReady, let pointer = curl_multi_init() else { return nil }
        self.pointer = pointer
        tokend_curl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, Self.idleConnections)
        tokend_curl_multi_set_long(pointer, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    /// Each hanging transfer took some 80 KiB: what glibc keeps of that for later goes back to the system.
    deinit {
        curl_multi_cleanup(pointer)
        tokend_curl_trim_memory()
    }

    /// Whether libcurl took the handle.
    func add(_ handle: EasyHandle) -> Bool { curl_multi_add_handle(pointer, handle.pointer) == CURLM_OK }

    func remove(_ handle: EasyHandle) { curl_multi_remove_handle(pointer, handle.pointer) }

    /// Moves every transfer on as far as it goes without waiting.
    func perform() {
        var running: CInt = 0
        curl_multi_perform(pointer, &running)
    }

    /// Waits for a transfer, for `wake` to become readable or for `milliseconds`; a tenth of a second when the kernel refuses.
    func wait(wake: CInt, milliseconds: CInt) {
        var extra = curl_waitfd(fd: wake, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        if curl_multi_poll(pointer, &extra, 1, milliseconds, nil) != CURLM_OK { poll(nil, 0, 100) }
    }

    /// The context (`CURLOPT_PRIVATE`) and the outcome of a transfer that has ended and was not yet asked for.
    func nextEnded() -> (context: UnsafeMutableRawPointer, code: CURLcode)? {
        var left: CInt = 0
        while let message = curl_multi_info_read(pointer, &left)?.pointee {
            var context: UnsafeMutableRawPointer?
            if message.msg == CURLMSG_DONE, let easy = message.easy_handle,
                tokend_curl_get_pointer(easy, CURLINFO_PRIVATE, &context) == CURLE_OK, let context
            {
                return (context, message.data.result)
            }
        }
        return nil
    }
}
