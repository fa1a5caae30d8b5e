/// An incomplete request, such as a missing --task. Only the file shows it; the command treats it as wrong usage.
package struct RequestError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
