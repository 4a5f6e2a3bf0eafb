# This file is maintained automatically by "tofu init".
# Manual edits may be lost in future updates.

provider "registry.opentofu.org/azure/azapi" {
  version     = "1.15.0"
  constraints = "~> 1.15"
  hashes = [
    "h1:VyU3Aj2sZjNC3v/dQ/0cCYY1yrhEo/yEtlNSiNa2q3k=",
    "h1:g6DrZ+J6HxMp6Hqz5CGh8MQGbac2txbdHXHQqkYHeww=",
  ]
}
