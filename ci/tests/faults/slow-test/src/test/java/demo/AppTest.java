package demo;

import org.junit.jupiter.api.Test;

class AppTest {
    @Test
    void hangs() throws InterruptedException {
        Thread.sleep(3_600_000);
    }
}
