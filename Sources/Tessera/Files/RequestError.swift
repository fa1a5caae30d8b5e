/// An incomplete request, such as a missing --task, which only the file shows. The command treats it as a usage error.
package struct RequestError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
