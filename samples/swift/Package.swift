// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "tessera-sample",
  dependencies: [
    // In another package: .package(url: "…/tessera", branch: "main").
    .package(name: "tessera", path: "../..")
  ],
  targets: [
    .executableTarget(name: "FiveLines", dependencies: [.product(name: "Tessera", package: "tessera")]),
    .executableTarget(name: "Picture", dependencies: [.product(name: "Tessera", package: "tessera")]),
    .executableTarget(name: "Story", dependencies: [.product(name: "Tessera", package: "tessera")]),
  ]
)
