import ArgumentParser

@main
struct Tessera: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "tessera", version: "0.1.0")
}
