/** The sticky key that keeps a client in its variant of an A/B test. */
@NullMarked
package io.github.esteira.gateway.experiment;

import org.jspecify.annotations.NullMarked;
