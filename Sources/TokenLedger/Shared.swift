/// A value in the room of one pointer, which its copies have in common. Setting one of them leaves the others as they are.
@propertyWrapper
package struct Shared<Value: Sendable>: Sendable {
    private final class Room: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }
    private var room: Room

    package init(wrappedValue: Value) { room = Room(wrappedValue) }

    package var wrappedValue: Value {
        get { room.value }
        set { room = Room(newValue) }
    }
}

extension Shared: Equatable where Value: Equatable {
    package static func == (a: Shared, b: Shared) -> Bool { a.room === b.room || a.room.value == b.room.value }
}
