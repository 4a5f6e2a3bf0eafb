package demo;

import org.junit.jupiter.api.Test;

class CrashTest {
    @Test
    void dies() {
        Runtime.getRuntime().halt(1);
    }
}
