/// A list of keys that hardly ever has more than one: one takes no memory beside the list's own pointer.
struct CacheKeys: Sendable {
    private enum Content: Sendable {
        case none
        case one(CacheKey)
        case many([CacheKey])
    }
    private var content = Content.none

    private var all: [CacheKey] {
        get {
            switch content {
            case .none: []
            case .one(let key): [key]
            case .many(let keys): keys
            }
        }
        set { content = newValue.count > 1 ? .many(newValue) : newValue.first.map { .one($0) } ?? .none }
    }

    mutating func append(_ key: CacheKey) {
        switch content {
        case .none: content = .one(key)
        case .one(let first): content = .many([first, key])
        case .many(var keys):
            content = .none
            keys.append(key)
            content = .many(keys)
        }
    }

    mutating func removeAll(where isUnwanted: (CacheKey) -> Bool) { all.removeAll(where: isUnwanted) }
}

extension CacheKeys: ExpressibleByArrayLiteral {
    init(arrayLiteral keys: CacheKey...) { all = keys }
}

extension CacheKeys: RandomAccessCollection, MutableCollection {
    var startIndex: Int { 0 }

    var endIndex: Int {
        switch content {
        case .none: 0
        case .one: 1
        case .many(let keys): keys.count
        }
    }

    subscript(place: Int) -> CacheKey {
        get {
            switch content {
            case .one(let key) where place == 0: key
            case .none, .one, .many: all[place]
            }
        }
        set { all[place] = newValue }
    }
}
