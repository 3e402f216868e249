internal import CCurl
internal import Glibc

/// Owns one `CURLM *`: the running transfers, the connection cache and the DNS cache. Used on the exchange thread only.
final class MultiHandle {
    private static let idleConnections = 16
    /// curl_global_init(3), once per process and never undone: libcurl may still run a name lookup of a transfer that was removed.
    private static let isLibraryReady = tokend_curl_start() == CURLE_OK

    private let pointer: UnsafeMutableRawPointer

    init?() {
        guard Self.isLibraryReady, let pointer = curl_multi_init() else { return nil }
        self.pointer = pointer
        tokend_curl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, Self.idleConnections)
        tokend_curl_multi_set_long(pointer, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    /// Each hanging transfer takes some 80 KiB. malloc_trim(3) returns what glibc would keep of it.
    deinit {
        curl_multi_cleanup(pointer)
        tokend_curl_trim_memory()
    }

    /// Returns `false` if libcurl rejects the handle.
    func add(_ handle: EasyHandle) -> Bool { curl_multi_add_handle(pointer, handle.pointer) == CURLM_OK }

    func remove(_ handle: EasyHandle) { curl_multi_remove_handle(pointer, handle.pointer) }

    /// Advances every transfer as far as possible without blocking.
    func perform() {
        var running: CInt = 0
        curl_multi_perform(pointer, &running)
    }

    /// Waits until a transfer can advance, `wake` is readable or `milliseconds` have passed. If poll(2) fails, it waits 100 ms.
    func wait(wake: CInt, milliseconds: CInt) {
        var extra = curl_waitfd(fd: wake, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        if curl_multi_poll(pointer, &extra, 1, milliseconds, nil) != CURLM_OK { poll(nil, 0, 100) }
    }

    /// The context (`CURLOPT_PRIVATE`) and the result of the next transfer that ended.
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
