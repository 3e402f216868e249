/// A control line that cannot be carried out, in one sentence.
package struct ControlError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
