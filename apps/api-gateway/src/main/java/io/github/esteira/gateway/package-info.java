/** Starts the gateway; each concern has a package of its own below. */
@NullMarked
package io.github.esteira.gateway;

import org.jspecify.annotations.NullMarked;
