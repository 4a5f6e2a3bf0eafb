/** Every error leaves the gateway as {@code application/problem+json} (RFC 9457). */
@NullMarked
package io.github.esteira.gateway.problem;

import org.jspecify.annotations.NullMarked;
