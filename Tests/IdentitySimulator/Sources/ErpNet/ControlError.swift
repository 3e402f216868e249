/// Why a control command failed, in one sentence.
package struct ControlError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
