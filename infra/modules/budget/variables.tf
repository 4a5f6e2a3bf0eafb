variable "parent" {
  description = "Id of the resource group that is watched"
  type        = string
}

variable "name" {
  description = "Name of the budget"
  type        = string
}

variable "amount" {
  description = "What a month may cost, in the currency of the bill"
  type        = number
  validation {
    condition     = var.amount > 0
    error_message = "amount has to be more than 0."
  }
}

variable "start" {
  description = "First day of the month from which it counts, such as 2026-12-01T00:00:00Z"
  type        = string
  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-01T00:00:00Z$", var.start))
    error_message = "start has to be the first day of a month, such as 2026-12-01T00:00:00Z."
  }
}

variable "contacts" {
  description = "Who is told, by mail"
  type        = list(string)
  validation {
    condition     = length(var.contacts) > 0
    error_message = "contacts has to name somebody: a budget that tells nobody is none."
  }
}
