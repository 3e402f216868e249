/// A list that hardly ever has more than one element: one takes no memory beside the list's own.
struct Few<Element: Sendable>: Sendable {
    private enum Content: Sendable {
        case none
        case one(Element)
        case many([Element])
    }
    private var content = Content.none

    private var all: [Element] {
        get {
            switch content {
            case .none: []
            case .one(let element): [element]
            case .many(let elements): elements
            }
        }
        set { content = newValue.count > 1 ? .many(newValue) : newValue.first.map { .one($0) } ?? .none }
    }

    mutating func append(_ element: Element) {
        switch content {
        case .none: content = .one(element)
        case .one(let first): content = .many([first, element])
        case .many(var elements):
            content = .none
            elements.append(element)
            content = .many(elements)
        }
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) { all.removeAll(where: isUnwanted) }
}

extension Few: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: Element...) { all = elements }
}

extension Few: RandomAccessCollection, MutableCollection {
    var startIndex: Int { 0 }

    var endIndex: Int {
        switch content {
        case .none: 0
        case .one: 1
        case .many(let elements): elements.count
        }
    }

    subscript(place: Int) -> Element {
        get {
            switch content {
            case .one(let element) where place == 0: element
            case .none, .one, .many: all[place]
            }
        }
        set { all[place] = newValue }
    }
}
