/// A value that is hardly ever there, in the room of one pointer: what is kept for each of ten thousand tokens is counted in bytes.
@propertyWrapper
struct Rare<Value: Sendable>: Sendable {
    private var room: [Value] = []

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    var wrappedValue: Value? {
        get { room.first }
        set { room = newValue.map { [$0] } ?? [] }
    }
}
