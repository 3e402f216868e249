internal import CCurl

/// Owns one `CURL *`. Not `Sendable`: it is used on the exchange thread only.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private let message: UnsafeMutablePointer<CChar>

    init() throws(TransferFailure) {
        guard let pointer = curl_easy_init() else {
            throw TransferFailure(phase: .unsent, cause: .other, text: "no memory for a transfer")
        }
        self.pointer = pointer
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try set(CURLOPT_ERRORBUFFER, pointer: message)
    }

    deinit {
        curl_easy_cleanup(pointer)
        message.deallocate()
    }

    func set(_ option: CURLoption, _ value: Int) throws(TransferFailure) {
        try Self.check(tokend_curl_set_long(pointer, option, value))
    }

    func set(_ option: CURLoption, size: Int) throws(TransferFailure) {
        try Self.check(tokend_curl_set_size(pointer, option, Int64(size)))
    }

    /// libcurl copies the text.
    func set(_ option: CURLoption, _ text: String) throws(TransferFailure) {
        try Self.check(text.withCString { tokend_curl_set_pointer(pointer, option, $0) })
    }

    /// `value` must outlive the transfer: libcurl keeps the pointer.
    func set(_ option: CURLoption, pointer value: UnsafeRawPointer?) throws(TransferFailure) {
        try Self.check(tokend_curl_set_pointer(pointer, option, value))
    }

    /// Every option is needed for security, so a transfer fails before it starts if this libcurl rejects one.
    static func check(_ code: CURLcode) throws(TransferFailure) {
        guard code != CURLE_OK else { return }
        let text = "libcurl refused an option: \(String(cString: curl_easy_strerror(code))); 7.88 or newer is needed"
        throw TransferFailure(phase: .unsent, cause: .other, text: text)
    }

    func number(_ info: CURLINFO) -> Int {
        var value = 0
        return tokend_curl_get_long(pointer, info, &value) == CURLE_OK ? value : 0
    }

    /// A header of the last response. `name` is case-insensitive.
    func header(_ name: String) -> String? {
        var found: UnsafeMutablePointer<curl_header>?
        guard curl_easy_header(pointer, name, 0, UInt32(CURLH_HEADER), -1, &found) == CURLHE_OK, let value = found?.pointee.value
        else { return nil }
        return String(cString: value)
    }

    /// libcurl's error text, reduced to printable ASCII. It may contain text from the peer, so it is used for TLS errors only.
    var errorText: String {
        String(decoding: String(cString: message).utf8.filter { (0x20...0x7e).contains($0) }, as: UTF8.self)
    }
}
