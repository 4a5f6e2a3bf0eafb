"""A module with an import too many."""

import os
