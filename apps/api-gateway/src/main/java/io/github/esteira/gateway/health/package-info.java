/** What the platform asks to know whether to restart this instance or send it traffic. */
@NullMarked
package io.github.esteira.gateway.health;

import org.jspecify.annotations.NullMarked;
