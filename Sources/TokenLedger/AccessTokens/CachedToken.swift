internal import TokenWire

/// What is cached under one key. Ten thousand are ten thousand times this: the small values stand where a larger one leaves room.
struct CachedToken: Sendable {
    var held: HeldToken?
    /// Asked for since the present token came: worth renewing.
    var isAsked = false
    /// A caller reported the present token as refused by an API; it is served only if no other can be had.
    var isRejected = false
    /// A caller ever reported it: it does not outlive the process.
    var isDisowned = false
    /// Why it is wanted anew before its time, by an administrator, a watcher or whoever reported it; it is tried until that brings one.
    var wantedAnew: Cause?
    /// Spread of the renewal, 0 ..< 1; drawn anew with each token.
    var spread: Float = 0
    private var requestedSeconds: Int32 = 0
    /// -1 where no token has come yet.
    private var knownSeconds: Int32 = -1
    /// CLOCK_BOOTTIME
    var lastAsked: Int64 = 0

    /// Nanoseconds: the longest minimum validity that was asked for during the present token's life.
    var requestedValidity: Int64 { .seconds(requestedSeconds) }

    /// The last token's life in nanoseconds, in whole seconds: what this server can promise.
    var knownLifetime: Int64? { knownSeconds < 0 ? nil : .seconds(knownSeconds) }

    var isWantedAnew: Bool { wantedAnew != nil }

    mutating func request(validity seconds: Int) { requestedSeconds = max(requestedSeconds, Int32(clamping: seconds)) }

    /// Another token has come.
    mutating func begin(_ held: HeldToken, spread: Float) {
        self = CachedToken(held: held, spread: spread, lastAsked: lastAsked)
    }

    init(held: HeldToken, spread: Float, lastAsked: Int64) {
        (self.held, self.spread, self.lastAsked) = (held, spread, lastAsked)
        knownSeconds = Int32(clamping: max(0, held.lifetime / .seconds(1)))
    }

    init() {}
}

/// A failure as it is told to those who ask, until the next success.
struct Trouble: Sendable {
    var refusal: Refusal
    /// CLOCK_BOOTTIME of the next try by itself, where only RENEW, a reload or a change at the server is expected to help. Until then everybody is
    /// told at once.
    var retry: Int64?

    func isFinal(at boot: Int64) -> Bool { retry.map { $0 > boot } ?? false }
}

struct ConsumerKey: Hashable, Sendable {
    var token: TokenName
    var consumer: Consumer
}

extension CacheKey {
    var consumerKey: ConsumerKey { ConsumerKey(token: token, consumer: consumer) }
}

/// What one consumer of one token has: its cached variants and its budget.
struct ConsumerState: Sendable {
    /// The one that was served last, if any was, is the first.
    private(set) var variants = CacheKeys()
    var budget: Budget
    private var isFirstServed = false

    init(budget: Budget) { self.budget = budget }

    var lastServed: CacheKey? { isFirstServed ? variants.first : nil }

    mutating func open(_ key: CacheKey) { variants.append(key) }

    mutating func close(_ key: CacheKey) {
        if lastServed == key { isFirstServed = false }
        variants.removeAll { $0 == key }
    }

    mutating func serve(_ key: CacheKey) {
        guard let place = variants.firstIndex(of: key) else { return }
        variants.swapAt(0, place)
        isFirstServed = true
    }
}
